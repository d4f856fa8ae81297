"""What is typed into a workbook comes back as typed, into the plan too; what cannot be taken is said, all of it."""

import re
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from openpyxl.workbook import Workbook
from workbooks import at

from planner import cli
from planner.dossier import Dossier
from planner.errors import WorkbookError
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.plan_file.quote_text import with_offers
from planner.workbook.book import workbook_bytes
from planner.workbook.quoting.typed_fields import FIELDS, N_ROWS
from planner.workbook.reading import package
from planner.workbook.reading.read_quotes import OFFER_KEYS, read_quotes

PLAN = """
[plan]
name = "Small"
start = 2027-01-01
paths = 512
seed = 7
[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = 1_000_000
uncached_input_tokens = 4000
output_tokens = 600
[demand]
level_sd = 0.1
[[scenario]]
name = "as is"
[decision]
scenario = "as is"
[contract]
overage = 0.03
[[contract.band]]
min_commit_usd_per_year = 100_000
discount_fraction = 0.10

# quotes in hand
[[offer]]   # by mail
name = "direct"
commit_usd_per_year = 130_000   # a year
discount_fraction = 0.12

# the end
"""
Quotes = list[dict[str, Any]]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(parse_plan(PLAN, base_dir=Path()))


@pytest.fixture(scope="module")
def content(plan: Plan) -> bytes:
    return workbook_bytes(Dossier(plan=plan))


@pytest.fixture(scope="module")
def light(content: bytes) -> bytes:
    """The workbook without the sheets that nothing is read from, so that a test can save it often."""
    book = openpyxl.load_workbook(BytesIO(content))
    for name in set(book.sheetnames) - {"Offers compared", "Offer calculator", "About"}:
        del book[name]
    return saved(book)


def saved(book: Workbook) -> bytes:
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def filled(content: bytes, **cells: Any) -> bytes:
    """The workbook with values typed into cells, by the names of these."""
    book = openpyxl.load_workbook(BytesIO(content))
    for name, value in cells.items():
        at(book, name).value = value
    return saved(book)


def typed(row: int, quote: Mapping[str, Any]) -> dict[str, Any]:
    """A quote as the cells of a row, from 1, hold it."""
    words = {"forfeit": "forfeit", "true_up": "true-up"}
    by_key = {field.key: field.name for field in FIELDS}
    return {f"quote_{row}_{by_key[key]}": words[value] if key == "shortfall" else value for key, value in quote.items()}


def refusal(content: bytes, **cells: Any) -> str:
    with pytest.raises(WorkbookError) as error:
        read_quotes(filled(content, **cells) if cells else content, "quotes.xlsx")
    return str(error.value)


QUOTE = {"name": "a", "commit_usd_per_year": 800_000.0, "discount_fraction": 0.12}


# --- the round trip --------------------------------------------------------------------------------------------------

SHARES = some.floats(0, 0.999).map(lambda share: float(f"{share:.12g}"))
PRINTED = some.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Cn"))
TEXTS = some.text(PRINTED, min_size=1, max_size=40).filter(lambda text: text.strip() and "_x" not in text)
TRUE_UPS = some.fixed_dictionaries(
    {"shortfall": some.just("true_up"), "true_up_rate": some.one_of(SHARES, some.just(1.0))}
)
CLAUSES = some.one_of(some.just({}), some.just({"shortfall": "forfeit"}), TRUE_UPS)
QUOTES = some.builds(
    lambda quote, clause: {**quote, **clause},
    some.fixed_dictionaries(
        {
            "name": TEXTS,
            "commit_usd_per_year": some.floats(0, 1e12).map(lambda usd: round(usd, 2)),
            "discount_fraction": SHARES,
        },
        optional={
            "overage": SHARES,
            "term_months": some.integers(1, 120),
            "received_on": some.dates(date(2000, 1, 1), date(2099, 12, 31)),
            "source": TEXTS,
        },
    ),
    CLAUSES,
)


@settings(max_examples=8, deadline=None)
@given(some.dictionaries(some.integers(1, N_ROWS), QUOTES, min_size=1, max_size=N_ROWS))
def test_what_is_typed_comes_back_and_the_plan_says_it(light: bytes, rows: dict[int, dict[str, Any]]) -> None:
    quotes = {quote["name"]: {**quote} for quote in rows.values()}
    rows = {row: quote for row, quote in rows.items() if quotes[quote["name"]] == quote}
    rows = dict({quote["name"]: (row, quote) for row, quote in rows.items()}.values())
    content = filled(light, **{name: value for row, quote in rows.items() for name, value in typed(row, quote).items()})
    read = read_quotes(content, "quotes.xlsx")
    assert list(read.offers) == [rows[row] for row in sorted(rows)]
    merged = with_offers(PLAN, read.offers, OFFER_KEYS)
    wanted = tomllib.loads(PLAN)["offer"] + [quote for quote in read.offers if quote["name"] != "direct"]
    assert tomllib.loads(merged.text)["offer"][1:] == wanted[1:]
    parsed = {quote.name: quote for quote in parse_plan(merged.text, base_dir=Path()).quotes}
    for quote in rows.values():
        found = parsed[quote["name"]]
        assert found.contract.commits_usd_per_year == (quote["commit_usd_per_year"],) * found.contract.n_years
        assert found.contract.bands[0].discount_fraction == quote["discount_fraction"]
        assert found.contract.overage == quote.get("overage", 0.03)
        assert found.contract.term_months == quote.get("term_months", 12)
        assert found.contract.shortfall == quote.get("shortfall", "forfeit")
        assert (found.source, found.received_on) == (quote.get("source", ""), quote.get("received_on"))


def test_a_workbook_as_it_came_holds_no_quote(light: bytes) -> None:
    read = read_quotes(light, "quotes.xlsx")
    assert read.offers == ()
    assert read.plan_sha256 == parse_plan(PLAN, base_dir=Path()).sha256
    assert read.program is not None
    assert read.program.startswith("commit-planner ")


def test_the_offer_calculator_is_read_once_another_offer_is_in_it(light: bytes) -> None:
    (offer,) = read_quotes(filled(light, offer_commit_usd=123_456, offer_discount=0.2), "quotes.xlsx").offers
    assert offer == {
        "name": "offer calculator",
        "commit_usd_per_year": 123_456.0,
        "discount_fraction": 0.2,
        "overage": 0.03,
    }
    both = filled(light, offer_commit_usd=123_456, **typed(1, {**QUOTE, "name": "offer calculator"}))
    assert [item["name"] for item in read_quotes(both, "").offers] == ["offer calculator", "offer calculator'"]
    (listed,) = read_quotes(filled(light, offer_drawdown="list"), "quotes.xlsx").offers
    assert listed["drawdown"] == "list"
    none = read_quotes(filled(light, offer_commit_usd=0), "quotes.xlsx")
    assert none.offers == ()
    assert "no commitment" in none.notes[0]


def test_a_discount_from_the_band_table_is_read_where_a_spreadsheet_worked_it_out(light: bytes) -> None:
    cells: dict[str, Any] = {"offer_commit_usd": 123_456, "offer_discount_rule": "band table"}
    assert "a formula that no spreadsheet has worked out" in refusal(light, **cells)
    found = {"offer_band_discount": 0.1, "offer_band_overage_discount": 0.05}
    (offer,) = read_quotes(filled(light, **cells, **found), "quotes.xlsx").offers
    assert (offer["discount_fraction"], offer["overage"]) == (0.1, 0.05)
    book = openpyxl.load_workbook(BytesIO(filled(light, **cells)))
    del book.defined_names["offer_band_discount"]  # as where the contract's own bands decide, and no cell shows theirs
    (offer,) = read_quotes(saved(book), "quotes.xlsx").offers
    assert offer == {"name": "offer calculator", "commit_usd_per_year": 123_456.0}


# --- what cannot be taken --------------------------------------------------------------------------------------------


def test_every_mistake_is_said_at_once_with_cell_value_and_remedy(light: bytes) -> None:
    cells: dict[str, Any] = {
        **typed(1, {**QUOTE, "commit_usd_per_year": "8o0,000", "discount_fraction": 20}),
        **typed(2, {**QUOTE, "commit_usd_per_year": "800,000", "received_on": "3 December"}),
        **typed(3, {"commit_usd_per_year": -1, "discount_fraction": 1, "term_months": 12.5}),
        **typed(4, {"name": "b", "commit_usd_per_year": True, "discount_fraction": datetime(2026, 1, 2)}),
        **typed(5, {**QUOTE, "name": "c", "true_up_rate": 0.5}),
        **typed(6, {**QUOTE, "name": "d", "shortfall": "true_up"}),
        **typed(7, {**QUOTE, "name": 7, "source": "x" * 201, "received_on": datetime(1999, 1, 1)}),
        **typed(8, {**QUOTE, "name": "e", "commit_usd_per_year": "=1+1", "overage": "#N/A"}),
        "quote_8_shortfall_clause": "Forfeit",
    }
    found = refusal(light, **cells).split("\n  ")
    assert found[0] == "quotes.xlsx: 19 cells cannot be taken; nothing was read"
    assert all(
        (line.startswith("Offers compared!") and "; give " in line) or "clear the cell" in line for line in found[1:]
    )
    said = {line.removeprefix("Offers compared!").partition(":")[0]: line for line in found[1:]}
    for place, words in {
        "B6": '"8o0,000" is not a number; give US dollars a contract year, such as 800000',
        "C6": "20 is 2,000%: for 20% type 20% or 0.2; give a discount",
        "B7": '"800,000" is a number stored as text: type it again',
        "A7": '"a" is there already, in A6; give each quote a name of its own',
        "H7": '"3 December" is text, not a date; give a date',
        "A8": "nothing is typed; give a name",
        "B8": "-1 is below 0",
        "C8": "1 is 100%, which would be free",
        "E8": "12.5 is not such a number; give whole months",
        "B9": "TRUE is TRUE or FALSE, not a number",
        "C9": "is a date or a time, not a number",
        "G10": "there is a rate",
        "G11": "nothing is typed; give a share",
        "A12": "7 is a number, not text",
        "I12": "has 201 characters, 200 at most",
        "H12": "is out of range",
        "B13": "a formula that no spreadsheet has worked out",
        "D13": '"#N/A" is an error',
        "F13": '"Forfeit" is not in the list',
    }.items():
        assert words in said[place], (place, said[place])


def rezipped(content: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """A package with some of its parts in other words, or without them."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
    return file.getvalue()


def test_a_file_that_is_no_workbook_of_ours_is_refused(light: bytes) -> None:
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
    document = BytesIO()
    with zipfile.ZipFile(document, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    for content, words in (
        (b"name,commit\na,1\n", "it is no workbook"),
        (light[: len(light) // 2], "it is no workbook, or a damaged one"),
        (ole, "old .xls format"),
        (ole + "EncryptedPackage".encode("utf-16-le"), "is encrypted"),
        (document.getvalue(), "LibreOffice"),
        (saved(Workbook()), "has no cells to type quotes into"),
        (rezipped(light, lambda name, part: b"<a>" if name == "xl/workbook.xml" else part), "damaged"),
        (rezipped(light, lambda name, part: b"<a/>" if name == "xl/workbook.xml" else part), "no cells|damaged"),
        (rezipped(light, lambda name, part: None if name == "xl/worksheets/sheet2.xml" else part), "leads to no cell"),
    ):
        assert any(word in refusal(content) for word in words.split("|")), words


def test_a_package_that_grows_or_refers_outside_is_refused_before_it_is_parsed(
    light: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    assert "declares a document type" in refusal(
        rezipped(light, lambda name, part: entity if name == "xl/styles.xml" else part)
    )
    moved = rezipped(light, lambda name, part: entity if name == "docProps/app.xml" else part)
    assert "declares a document type" in refusal(moved.replace(b"docProps/app.xml", b"docProps/app.dat"))
    bomb = rezipped(light, lambda name, part: bytes(160_000_000) if name == "docProps/core.xml" else part)
    assert len(bomb) < 1_000_000
    assert "unpack to" in refusal(bomb)
    monkeypatch.setattr(package, "MOST_BYTES", len(light) - 1)
    assert "bytes; a workbook of this program has at most" in refusal(light)


@pytest.mark.parametrize("text", ["#REF!", '"x', "'", "'Offers compared'!$A$1:$B$2", "[1]Sheet!A1"])
def test_names_that_lead_nowhere_are_said(light: bytes, text: str) -> None:
    book = openpyxl.load_workbook(BytesIO(light))
    book.defined_names["quote_3_discount"].attr_text = text
    assert "quotes.xlsx: its name quote_3_discount leads to no cell any more" in refusal(saved(book))


def test_what_no_spreadsheet_writes_is_refused_in_words(light: bytes) -> None:
    huge = rezipped(
        light, lambda name, part: re.sub(rb'<c r="B6"[^>]*/>', b'<c r="B6"><v>%s</v></c>' % (b"1" * 400), part)
    )
    assert f"B6: {'1' * 60}... has more digits than a spreadsheet keeps; give US dollars" in refusal(huge)
    for encoding in (b"shift_jis", b"bogus", b"hex"):
        odd = b'<?xml version="1.0" encoding="%s"?><a/>' % encoding
        said = refusal(rezipped(light, lambda name, part, odd=odd: odd if name == "docProps/app.xml" else part))
        assert "its part docProps/app.xml is damaged" in said
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as made:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            made.writestr(name, bytes(4_000))
    broken = bytearray(packed.getvalue())
    broken[55:75] = bytes(20)
    assert "it is no workbook, or a damaged one" in refusal(bytes(broken))
    book = bytearray(light)
    book[-6:-2] = b"\xff\xff\xff\x7f"  # where the list of parts begins: past the file's end
    assert "damaged" in refusal(bytes(book))


def test_what_the_calculator_opened_with_and_where_discounts_come_from_are_checked_too(light: bytes) -> None:
    assert "Offers compared!B40: 20 is 2,000%" in refusal(light, exported_discount=20)
    assert '"bands" is not in the list; give typed or band table' in refusal(light, offer_discount_rule="bands")
    assert '"Band table" is not in the list' in refusal(light, offer_discount_rule="Band table"), "as on the sheet"


# --- into a plan -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def call(*args: Any) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["planner", *map(str, args)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0), *capsys.readouterr()
        return 0, *capsys.readouterr()

    return call


Run = Callable[..., tuple[int, str, str]]


def test_quotes_go_into_the_plan_and_every_other_line_stays(light: bytes, run: Run, tmp_path: Path) -> None:
    book, path = tmp_path / "quotes.xlsx", tmp_path / "plan.toml"
    direct = {"name": "direct", "commit_usd_per_year": 120_000.0, "discount_fraction": 0.12}
    cells = {**typed(1, direct), **typed(4, {**QUOTE, "received_on": date(2026, 12, 3), "source": "mail"})}
    book.write_bytes(filled(light, **cells))
    path.write_text(PLAN, encoding="utf-8")
    code, out, err = run("read-offers", book, "--into", path)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "New: 'a'.",
        "In place of one of its name: 'direct'.",
        f"Wrote 2 quotes into {path}; `planner offers {path}` prices them.",
    ]
    new = '[[offer]]\nname = "a"\ncommit_usd_per_year = 800_000\ndiscount_fraction = 0.12\n'
    new += 'received_on = 2026-12-03\nsource = "mail"\n\n'
    wanted = PLAN.replace("130_000   # a year", "120_000   # a year").replace("# the end", f"{new}# the end")
    assert path.read_text(encoding="utf-8") == wanted
    code, out, err = run("read-offers", book, "--into", path)
    assert (code, path.read_text(encoding="utf-8")) == (0, wanted)
    assert out.splitlines() == ["As it is: 'direct', 'a'.", f"{path} was left as it is."]
    assert "made of another plan file, or of this one before it was changed" in err


def test_a_quote_that_is_replaced_keeps_what_a_row_cannot_say(light: bytes, run: Run, tmp_path: Path) -> None:
    book, path = tmp_path / "quotes.xlsx", tmp_path / "plan.toml"
    book.write_bytes(filled(light, **typed(1, {**QUOTE, "name": "direct"})))
    rest = "discount_fraction = 0.12\nterm_months = 24\n[offer.rollover]\nshare = 0.5\nmonths = 6\n"
    path.write_text(PLAN.replace("discount_fraction = 0.12\n", rest), encoding="utf-8")
    code, out, _ = run("read-offers", book, "--into", path, "--json")
    (offer,) = tomllib.loads(path.read_text(encoding="utf-8"))["offer"]
    assert code == 0
    assert offer == {**QUOTE, "name": "direct", "rollover": {"share": 0.5, "months": 6}}
    assert '"kept": {\n    "direct": [\n      "rollover"' in out
    assert "'direct' keeps what a row cannot say: rollover." in out


def test_a_plan_whose_last_line_has_no_end_takes_a_quote() -> None:
    text = PLAN.partition("\n# quotes in hand")[0].rstrip("\n")
    merged = with_offers(text, [QUOTE], OFFER_KEYS).text
    assert merged.startswith(f"{text}\n[[offer]]")
    assert tomllib.loads(merged) == tomllib.loads(text) | {"offer": [QUOTE]}


def test_without_a_plan_the_entries_are_printed(light: bytes, run: Run, tmp_path: Path) -> None:
    book = tmp_path / "quotes.xlsx"
    book.write_bytes(filled(light, **typed(2, {**QUOTE, "name": '"]\nx = 1 # \u202e', "overage": 0.05})))
    code, out, err = run("read-offers", book)
    assert (code, err) == (0, "")
    assert tomllib.loads(out) == {"offer": [{**QUOTE, "name": '"]\nx = 1 # \u202e', "overage": 0.05}]}
    assert "\u202e" not in out
    book.write_bytes(light)
    assert run("read-offers", book)[1].startswith("Nothing was typed into")


def test_nothing_is_written_where_a_quote_contradicts_the_plan(light: bytes, run: Run, tmp_path: Path) -> None:
    book, path = tmp_path / "quotes.xlsx", tmp_path / "plan.toml"
    book.write_bytes(filled(light, **typed(1, {**QUOTE, "term_months": 12})))
    text = PLAN.replace("overage = 0.03", "overage = 0.03\nramp = [1.0, 1.1]")
    text = text.replace("overage = 0.03", "term_months = 24\noverage = 0.03")
    path.write_text(text, encoding="utf-8")
    code, _, err = run("read-offers", book, "--into", path)
    assert code == 2, err
    assert "offer[2]" in err
    assert path.read_text(encoding="utf-8") == text
    assert run("read-offers", tmp_path / "none.xlsx")[0] == 2
