"""Journeys on the page Commit: a commitment dragged, typed, picked, taken from the address, on a telephone."""

import re
from typing import Any

from journeys import picture, playwright, settle

from planner.charts.explorer_points import years_short_words
from planner.plan import Plan
from planner.words import percent, usd_rounded_down, usd_short

FIELD = "Commitment, USD a year"


def shown(page: "playwright.Page") -> list[str]:
    """Every word on the explorer."""
    return page.get_by_test_id("stVegaLiteChart").first.locator("svg text").all_text_contents()


def readout(page: "playwright.Page") -> dict[str, str]:
    """The figures above the curves by their names."""
    words = shown(page)
    start = words.index("Commitment")
    return dict(zip(words[start : start + 6], words[start + 6 : start + 12], strict=True))


def years(page: "playwright.Page") -> str:
    """How many of the years fall short, as the explorer says it."""
    (words,) = (word for word in shown(page) if "of 50 years" in word)
    return words


def told(plan: Plan, commit: float) -> dict[str, str]:
    """What the readout must say of a commitment, from the sample alone."""
    sample, contract = plan.samples[plan.inputs.decision.scenario], plan.inputs.contract
    value = sample.expect([contract.offer_at(commit)])[0]
    return {
        "Commitment": usd_rounded_down(commit) if commit else "none",
        "Discount": percent(value.offer.discount_fraction),
        "Expected cost": usd_short(value.expected_cost_usd),
        "Shortfall risk": percent(value.shortfall_probability),
        "Mean shortfall": usd_short(value.expected_shortfall_usd),
    }


def opened_commit(page: "playwright.Page", address: str, query: str = "") -> None:
    page.goto(f"{address}/commit{query}")
    page.get_by_text("◀ drag ▶").first.wait_for(timeout=60_000)
    settle(page)


def rule(page: "playwright.Page") -> dict[str, float]:
    """Where the handle of the rule is; the curves are below it."""
    page.get_by_test_id("stVegaLiteChart").first.scroll_into_view_if_needed()
    box: Any = page.get_by_text("◀ drag ▶").last.bounding_box()
    return {"x": box["x"] + box["width"] / 2, "y": box["y"] + 60}


def says(page: "playwright.Page", plan: Plan, commit: float) -> None:
    """Wait until field, readout, years and figures are all those of a commitment."""
    expect = playwright.expect
    expect(page.get_by_label(FIELD)).to_have_value(f"{commit:.0f}", timeout=60_000)
    words = told(plan, commit)
    drawn = page.get_by_test_id("stVegaLiteChart").first.locator("svg text")
    expect(drawn.filter(has_text=re.compile(f"^{re.escape(words['Expected cost'])}$")).first).to_be_visible()
    expect(page.get_by_text(words["Commitment"], exact=True).last).to_be_visible()
    settle(page)
    assert readout(page).items() >= words.items()
    chance = plan.samples[plan.inputs.decision.scenario].expect([plan.inputs.contract.offer_at(commit)])[0]
    assert years(page) == years_short_words(plan, chance.shortfall_probability)


def test_a_commitment_is_dragged_without_the_server_and_let_go_into_the_field(
    page: "playwright.Page", address: str, plan: Plan
) -> None:
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(len(frame))))
    opened_commit(page, address)
    best = plan.recommendation.offer.commit_usd_per_year
    says(page, plan, best)
    start, before, quiet = rule(page), readout(page), len(sent)
    page.mouse.move(start["x"], start["y"])
    page.mouse.down()
    seen = set()
    for step in range(1, 31):
        page.mouse.move(start["x"] + 8 * step, start["y"] + 2 * step)
        seen.add(readout(page)["Commitment"])
    assert len(seen) > 15, "the figures follow at once"
    assert len(sent) == quiet, "and nothing is asked of the server"
    assert page.get_by_label(FIELD).input_value() == f"{best:.0f}"
    dragged = readout(page)
    commit = float(dragged["Commitment"].replace("$", "").replace(",", ""))
    assert dragged != before
    assert dragged.items() >= told(plan, commit).items()
    page.mouse.up()
    says(page, plan, commit)
    assert len(sent) == quiet + 1, "one message when it is let go"
    assert f"commit={commit:.0f}" in page.url
    picture(page, "commit-dragged")


def test_typed_picked_and_dragged_are_one_value(page: "playwright.Page", address: str, plan: Plan) -> None:
    opened_commit(page, address, "?commit=90000")
    says(page, plan, 90_000)
    page.get_by_label(FIELD).fill("149999")
    page.get_by_label(FIELD).press("Enter")
    says(page, plan, 149_999)
    here = rule(page)
    page.mouse.click(here["x"] + 200, here["y"])
    playwright.expect(page.get_by_label(FIELD)).not_to_have_value("149999")
    settle(page)
    says(page, plan, float(page.get_by_label(FIELD).input_value()))
    # What was dragged gives way to what is typed or picked after it, also to the same amount again.
    page.get_by_role("button", name="No commitment", exact=True).click()
    says(page, plan, 0)
    page.get_by_role("button", name="Signed first", exact=True).click()
    says(page, plan, plan.sign_first.signed.offer.commit_usd_per_year)
    page.get_by_text("The dead zone: what a routed").click()
    playwright.expect(page.get_by_text("That is the dead zone").first).to_be_visible(timeout=30_000)
    settle(page)
    picture(page, "commit-dead-zone")


def test_the_keyboard_alone_moves_the_commitment(page: "playwright.Page", address: str, plan: Plan) -> None:
    opened_commit(page, address, "?commit=nonsense")
    playwright.expect(page.get_by_text("The address asks for a commitment of nonsense")).to_be_visible()
    says(page, plan, plan.recommendation.offer.commit_usd_per_year)
    page.get_by_role("button", name=re.compile("Where these numbers come from")).first.focus()
    for _ in range(60):
        if page.evaluate("document.activeElement.ariaLabel") == FIELD:
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("120000")
    page.keyboard.press("Enter")
    says(page, plan, 120_000)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    says(page, plan, 130_000)


def test_on_a_telephone_a_finger_drags_the_rule_and_scrolls_the_page(
    browser: "playwright.Browser", address: str, plan: Plan
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    page = context.new_page()
    opened_commit(page, address)
    start, touch = rule(page), context.new_cdp_session(page)

    def swipe(x: float, y: float, dx: float, dy: float) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 21):
            point = {"x": x + dx * step / 20, "y": y + dy * step / 20}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(start["x"] + 5, start["y"], 90, 20)
    playwright.expect(page.get_by_label(FIELD)).not_to_have_value(
        f"{plan.recommendation.offer.commit_usd_per_year:.0f}"
    )
    settle(page)
    dragged = float(page.get_by_label(FIELD).input_value())
    assert dragged > 180_000
    says(page, plan, dragged)
    scrolled = page.get_by_test_id("stMain").evaluate("element => element.scrollTop")
    here = rule(page)
    swipe(here["x"] - 120, here["y"] + 60, 0, -160)
    page.wait_for_function(
        "before => document.querySelector('[data-testid=stMain]').scrollTop > before + 50", arg=scrolled
    )
    says(page, plan, dragged)
    wide: Any = page.get_by_test_id("stVegaLiteChart").first.locator("svg").bounding_box()
    assert 300 < wide["width"] <= 390
    picture(page, "commit-telephone")
    context.close()
