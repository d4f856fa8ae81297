"""The page Negotiate: what it says is what the engine found; quotes typed into it; long work waits to be asked."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest
from workbooks import at, read_formulas, type_into

from planner.bundled import app_path
from planner.charts.negotiation import (
    clause_values_chart,
    clause_values_frame,
    offers_frame,
    signing_chart,
    signing_frame,
)
from planner.dossier import Dossier
from planner.errors import InputError
from planner.negotiation.clause_values import trade_list
from planner.negotiation.quotes_priced import PricedQuotes, priced_quotes
from planner.negotiation.terms_pricer import terms_pricer
from planner.negotiation.when_to_sign import SigningChoices, when_to_sign
from planner.negotiation_reports.clauses import clauses_sentences
from planner.negotiation_reports.offers import offers_sentences
from planner.negotiation_reports.positions import positions_sentences
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan
from planner.plan_file.quote_text import with_offer, without_offer
from planner.workbook.book import write_workbook
from tests.test_app import opened, words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SMALL = Path(__file__).parent / "plans" / "small.toml"
OFFERS = """
[[offer]]   # by mail
name = "direct"
commit_usd_per_year = 130_000
discount_fraction = 0.12

[[offer]]
name = "cloud"
commit_usd_per_year = 150_000
overage = "committed"

[[offer]]
name = "two years"
term_months = 24
commit_usd_per_year = 150_000
discount_fraction = 0.14

[[ask]]
name = "twice the rate limits"
value_usd_per_year = 4_000
"""


@pytest.fixture(scope="module")
def text() -> str:
    return SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 2_000") + OFFERS


@pytest.fixture(scope="module")
def plan(text: str, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return build_plan(load_plan(path))


@pytest.fixture(scope="module")
def found(plan: Plan) -> PricedQuotes:
    pricer = terms_pricer(plan)
    return priced_quotes(pricer, trade_list(pricer))


@pytest.fixture(scope="module")
def ways(plan: Plan) -> SigningChoices:
    return when_to_sign(plan)


def page(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(path))
    return opened(AppTest.from_file(str(app_path()), default_timeout=120).run(), "negotiate")


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_engine_found(
    plan: Plan, found: PricedQuotes, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(text, tmp_path, monkeypatch)
    said = words(app)
    for line in (*positions_sentences(found.positions), *offers_sentences(found)):
        assert line in said
    assert [header.value for header in app.header][:3] == ["Offers in hand", "The trade list", "When to sign"]
    assert not app.error
    app.button(key="run_table").click().run()
    assert not app.exception
    assert "typed into the workbook are priced by its own formulas, without this program." in words(app)
    assert app.download_button(key="table_workbook").label == "Negotiation workbook (Excel)"
    assert app.download_button(key="table_brief").label == "One page (HTML)"
    write_workbook(Dossier(plan=plan), tmp_path / "table.xlsx")
    _a_filled_in_workbook_is_read_back(app, tmp_path / "table.xlsx")


def _a_filled_in_workbook_is_read_back(app: AppTest, table: Path) -> None:
    def filled(**quote: Any) -> list[tuple[str, bytes, str]]:
        cells = [at(read_formulas(table), f"quote_2_{name}") for name in quote]
        changes = [
            (cell.parent.title, cell.coordinate, value) for cell, value in zip(cells, quote.values(), strict=True)
        ]
        return [("quotes.xlsx", type_into(table, table.with_name("filled.xlsx"), changes).read_bytes(), XLSX)]

    upload = app.file_uploader(key="filled_in_0")
    upload.set_value(filled(name="*by mail*", commit_usd=60_000, discount="6,5")).run()
    assert '"6,5" is not a number' in words(app)
    assert "\n- Offers compared\\!C7" in app.error[0].value, "each cell on a line of its own"
    upload = app.file_uploader(key="filled_in_0")
    upload.set_value(filled(name="*by mail*", commit_usd=60_000, discount=0.065)).run()
    assert "New: '*by mail*'." in words(app)
    app.button(key="take_in").click().run()
    assert not app.exception
    assert app.button(key="remove_*by mail*")


def test_a_quote_is_typed_priced_and_taken_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(SMALL.read_text(encoding="utf-8"), tmp_path, monkeypatch)
    assert "No quote is in the plan yet." in words(app)
    app.button(key="add_offer").click().run()
    assert "Give the quote a name and a commitment" in words(app), "nothing was typed"
    app.text_input(key="offer_name_0").set_value("by mail")
    app.number_input(key="offer_commit_0").set_value(60_000.0)
    app.number_input(key="offer_discount_0").set_value(6.5)
    app.selectbox(key="offer_overage_0").select("the committed discount")
    app.button(key="add_offer").click().run()
    assert not app.exception
    said = words(app)
    assert "Of these offers 'by mail' is the best: $60,000 a year at 6.5% discount" in said
    assert "Edited, not saved." in said
    app.button(key="remove_by mail").click().run()
    assert "No quote is in the plan yet." in words(app)


def test_a_quote_that_is_wrong_leaves_the_plan_as_it_is(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(text, tmp_path, monkeypatch)
    app.text_input(key="offer_name_0").set_value("direct")
    app.number_input(key="offer_commit_0").set_value(60_000.0)
    app.button(key="add_offer").click().run()
    assert "an offer named 'direct' is there already" in words(app)
    assert "Edited, not saved." not in words(app)
    assert app.text_input(key="offer_name_0").value == "direct", "what was typed stays"


def test_what_takes_long_waits_to_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 600")
    linked = linked.replace("[contract]\n", "[contract]\nrollover = { share = 1.0, months = 6 }\n")
    app = page(linked, tmp_path, monkeypatch)
    assert "that takes a few minutes" in words(app)
    assert not app.table
    app.button(key="run_negotiation").click().run()
    assert not app.exception
    assert "Worth nothing under these terms: rollover of unused commitment" in words(app)


def test_what_cannot_be_worked_out_says_why_and_goes_on_saying_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 600")
    in_force = 'ends = 2027-05-01\nbalance_usd = 20_000\non_signing = "renew"\n'
    held = held.replace("[[contract.band]]", f"[contract.in_force]\n{in_force}\n[[contract.band]]", 1)
    app = page(held, tmp_path, monkeypatch)
    app.button(key="run_signing").click().run()
    for _ in range(2):
        assert any("when to sign is not worked out beside a contract in force" in one.value for one in app.info)
        assert not app.error
        assert not [one for one in app.button if one.key == "run_signing"], "asking again would say the same"
        app.run()
    assert app.button(key="run_negotiation"), "the rest of the page can still be asked for"


def test_where_nothing_signed_is_cheaper_than_the_offer_the_page_says_it_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = '\n[[offer]]\nname = "dear"\ncommit_usd_per_year = 9_000_000\ndiscount_fraction = 0.1\n'
    app = page(SMALL.read_text(encoding="utf-8") + dear, tmp_path, monkeypatch)
    assert "Walk away from 'dear' as it stands: signing nothing is cheaper by" in words(app)


# --- charts -----------------------------------------------------------------------------------------------------------


def test_the_charts_draw_what_the_tables_say(found: PricedQuotes, ways: SigningChoices) -> None:
    clauses = {(item.variation.words, item.value.mean) for item in found.trades.clauses}
    drawn = clause_values_frame(found.trades)
    assert {*zip(drawn["name"], drawn["usd"], strict=True)} <= clauses
    assert list(drawn["usd"]) == sorted(drawn["usd"], reverse=True)
    assert (drawn["high"] - drawn["usd"]).tolist() == pytest.approx((drawn["usd"] - drawn["low"]).tolist())
    offers = offers_frame(found)
    assert set(offers["name"]) == {"direct", "cloud"}, "two years cost other months"
    assert (offers["p10"] <= offers["mean"]).all()
    assert (offers["mean"] <= offers["p90"]).all()
    assert len(signing_frame(ways)) == len(ways.choices) - 1


def test_the_axis_of_bars_has_room_for_errors_and_the_dollars_beyond_them(
    ways: SigningChoices, found: PricedQuotes
) -> None:
    for chart, frame in (
        (signing_chart(ways), signing_frame(ways)),
        (clause_values_chart(found.trades), clause_values_frame(found.trades)),
    ):
        low, high = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"]
        reach = frame["high"].max() - min(frame["low"].min(), 0.0)
        assert high >= frame["high"].max() + 0.3 * reach
        if (frame["usd"] < 0).any():
            assert low <= frame["low"].min() - 0.3 * reach


def test_what_could_be_given_up_says_what_holds_instead(found: PricedQuotes) -> None:
    given = [line for line in clauses_sentences(found.trades) if "to give" in line]
    assert given
    assert all("(instead: " in line for line in given)


# --- quotes as text ---------------------------------------------------------------------------------------------------

NAMES = some.text(min_size=1, max_size=40).filter(lambda name: name.isprintable())


@given(NAMES, some.floats(0, 1e9), some.sampled_from(["", OFFERS]))
def test_a_quote_that_is_added_and_removed_leaves_no_trace(name: str, commit: float, offers: str) -> None:
    before = f'[contract] # terms\nterm_months = 12\n{offers}\n[decision] # ours\nscenario = "x"\n'
    offer = {"name": f"{name} (new)", "commit_usd_per_year": commit}
    after = with_offer(before, offer)
    said = tomllib.loads(after)
    assert said["offer"][-1] == offer
    assert said.pop("offer")[:-1] == tomllib.loads(before).get("offer", [])
    assert "# terms" in after
    assert "# ours" in after
    assert tomllib.loads(without_offer(after, offer["name"])) == tomllib.loads(before)


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(InputError, match="an offer named 'direct' is there already"):
        with_offer(OFFERS, {"name": "direct", "commit_usd_per_year": 1.0})


def test_offers_in_a_spelling_that_cannot_be_changed_are_left_alone() -> None:
    inline = 'offer = [{ name = "a", commit_usd_per_year = 1.0 }]\n'
    with pytest.raises(InputError, match="change them in the file"):
        with_offer(inline, {"name": "b", "commit_usd_per_year": 2.0})
