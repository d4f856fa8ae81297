"""The brief as a page: text stays text, nothing is loaded, one A4 page in print, the same bytes for the same plan."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from briefs import RAMP, plan_of, text_of

from planner.brief.brief import Brief
from planner.brief.drafted import Draft
from planner.brief.drawn import drawn
from planner.brief.fitting import fitted
from planner.brief.page import brief_page
from planner.brief.printed import check_brief, write_brief
from planner.brief.worked_out import brief_of
from planner.charts.commitment import cost_curve_chart
from planner.charts.spend import annual_ranges_chart
from planner.charts.style import DARK, LIGHT
from planner.clock import today
from planner.dossier import Dossier
from planner.errors import InputError

HOSTILE = "<script>alert('1')</script>\"&<b a=c>\u202e{{7*7}}"
VOID = {"meta"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Elements(HTMLParser):
    """The elements of a page, with what they say, and whether each is closed where it has to be."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def elements(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    found.close()
    assert not found.open
    return found


@pytest.fixture(scope="module")
def brief() -> Brief:
    return brief_of(Dossier(plan=plan_of(text_of())))


@pytest.fixture(scope="module")
def page(brief: Brief) -> str:
    return brief_page(brief)


@pytest.fixture(scope="module")
def crowded() -> Brief:
    """Three years, names of forty characters, and more warnings than a page holds."""
    text = text_of(RAMP, bands=((10_000, 0.3), (24_000, 0.4))).replace(
        "max_shortfall_probability = 0.10", "max_shortfall_probability = 0.9"
    )
    text = text.replace("paths = 4096", "paths = 256")
    long = "A name of more than forty characters it is"
    found = brief_of(Dossier(plan=plan_of(text.replace('"route"', f'"{long}"'))))
    many = tuple(f"Warning {i}: " + "what has to be known of this plan before it is signed. " * 3 for i in range(25))
    return replace(found, warnings=(*found.warnings, *many))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without their charts, where only the words matter: drawing takes most of a page's time."""
    monkeypatch.setattr("planner.brief.page.drawn", lambda *chart, **size: "<svg></svg>")


# --- what is written -------------------------------------------------------------------------------------------------


def test_the_page_says_everything_once_and_reads_without_the_charts(
    page: str, brief: Brief, golden: Callable[[str, str], None]
) -> None:
    said = [text for text in elements(page).texts if text.strip()]
    for sentence in (*brief.sign, *brief.why, *brief.risk, *brief.next_best, *brief.changes, *brief.warnings):
        assert said.count(sentence) == 1, sentence
    readable = re.sub(r"<svg.*?</svg>", "<svg></svg>", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    golden("brief.html", re.sub(r"SHA-256 \w+", "SHA-256 (of the plan file)", readable))


def test_the_same_plan_gives_the_same_page(page: str, brief: Brief, monkeypatch: pytest.MonkeyPatch) -> None:
    chart, size = cost_curve_chart(brief.plan, None, DARK), {"width": 330, "height": 160}
    says = "Expected cost over commitments, with the recommended one marked"
    assert page.count(drawn(chart, DARK, says, **size)) == 1
    monkeypatch.setattr("planner.brief.page.drawn", lambda *chart, **size: "<svg></svg>")
    again = brief_page(brief_of(Dossier(plan=plan_of(text_of()))))
    assert again == re.sub(r"<svg.*?</svg>", "<svg></svg>", page)


def test_the_page_holds_no_script_and_loads_nothing(page: str) -> None:
    found = elements(page)
    assert not found.tags.keys() & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "a", "use"}
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in found.attributes
    assert "url(" not in page
    assert "@import" not in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.usefixtures("undrawn")
def test_hostile_names_add_no_element_and_are_shown_as_they_are(brief: Brief) -> None:
    names = {'"Support"': HOSTILE, '"as is"': f"{HOSTILE} 1", '"route"': f"{HOSTILE} 2"}
    text = text_of()
    for name, hostile in names.items():
        text = text.replace(name, '"' + hostile.replace('"', '\\"').replace("\u202e", "\\u202e") + '"')
    found = brief_of(Dossier(plan=plan_of(text)))
    assert found.plan.inputs.name == HOSTILE
    hostile, tame = elements(brief_page(found)), elements(brief_page(brief))
    assert hostile.tags == tame.tags
    shown = HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    assert hostile.texts.count(shown) == 2  # the title and the heading


@pytest.mark.usefixtures("undrawn")
def test_a_draft_stands_below_as_text_with_who_wrote_it_and_what_its_names_stand_for(brief: Brief) -> None:
    draft = Draft(
        paragraphs=(f"Take quote A: {HOSTILE}.", "Or nothing."),
        stand_ins=(("quote A", "the vendor's <first>"), ("quote B", "another")),
        model="claude-sonnet-5-5",
        on=today(),
        cost_usd=0.02,
    )
    found = elements(brief_page(brief, draft))
    assert found.tags.keys() == elements(brief_page(brief)).tags.keys()
    assert found.texts.count(draft.paragraphs[0].replace("\u202e", "\N{REPLACEMENT CHARACTER}")) == 1
    note = next(text for text in found.texts if text.startswith("Drafted by"))
    assert "claude-sonnet-5-5 on 24 November 2026; every figure was checked" in note
    assert "quote A is the vendor's <first>." in note
    assert "quote B" not in note


def test_a_drawing_keeps_every_word_of_its_chart_and_hostile_names_are_words(brief: Brief) -> None:
    summaries = {f"{HOSTILE[:20]} {name}": summary for name, summary in brief.plan.summaries.items()}
    chart = annual_ranges_chart([replace(brief.plan, summaries=summaries)])
    svg = drawn(chart, LIGHT, 'says "this" & that', width=300, height=150)
    found = elements(svg)
    words = "".join(found.texts)
    for part in ("Annual list spend by scenario", "Bar: P10 to P90.", "list spend (USD, months 1 to 12)", *summaries):
        assert part in words
    assert found.tags.keys() <= {"svg", "g", "path", "rect", "line", "text"}
    assert ("svg", "aria-label", 'says "this" & that') in found.attributes


# --- one page --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("undrawn")
def test_warnings_that_do_not_fit_are_counted(crowded: Brief, brief: Brief) -> None:
    fit = fitted(crowded, figure_rows=12)
    assert fit.warnings == crowded.warnings[: len(fit.warnings)]
    assert 1 <= len(fit.warnings) < len(crowded.warnings)
    assert f"{len(crowded.warnings) - len(fit.warnings)} more: run `planner plan`" in brief_page(crowded)
    assert fitted(brief, figure_rows=12).left_out == 0


def test_it_prints_on_one_page_and_fits_a_telephone(
    page: str,
    brief: Brief,
    crowded: Brief,
    browser: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shapes = re.findall(r'<svg viewBox="[^"]*"', page)
    monkeypatch.setattr("planner.brief.page.drawn", lambda *chart, **size: f"{shapes[-1]}></svg>")
    pages = {"drawn": page}
    for number in (0, 2, 4, 25):  # every size of letters, with room to spare and without
        said = crowded.warnings[len(crowded.warnings) - number :]
        pages |= {f"crowded{number}": brief_page(replace(crowded, warnings=said))}
        pages |= {f"plain{number}": brief_page(replace(brief, warnings=said))}
    asked, faults = [], []
    shown = browser.new_page(viewport={"width": 390, "height": 800})
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: faults.append(message.text))
    for name, text in pages.items():
        file = tmp_path / f"{name}.html"
        write_brief(text, file)
        shown.goto(file.as_uri())
        printed = shown.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, name
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390, name
    shown.close()
    assert asked == [(tmp_path / f"{name}.html").as_uri() for name in pages]
    assert not faults
    assert {re.search('<body class="(\\w+)"', text)[1] for text in pages.values()} == {"plain", "middle", "full"}


@pytest.mark.parametrize("name", ["brief.txt", "brief", "brief.xlsx"])
def test_another_kind_of_file_is_refused_before_anything_is_worked_out(name: str) -> None:
    with pytest.raises(InputError, match=r"ends in \.html or \.pdf"):
        check_brief(Path(name))


def test_without_a_browser_a_pdf_is_refused_and_says_how_to_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match=r"give brief\.html and print that from a browser"):
        check_brief(Path("brief.pdf"))


def test_a_browser_that_prints_nothing_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "chromium"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    with pytest.raises(InputError, match="exit code 3"):
        write_brief("<p>", tmp_path / "brief.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
