"""planner settle: ledgers worked out by hand, files that must be refused, and what is printed."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner import cli
from planner.bands import DiscountBand
from planner.contract import Contract
from planner.ledger_report import SettledTerm, balance_sentence
from planner.lever_costs.unit_costs import Account
from planner.paths_file import read_spend
from planner.typed_offer import typed_offer

PLAN = """[plan]
start = 2027-03-01
[[mix]]
request_type = "chat"
model = "claude-opus-5-5"
monthly_requests = 1000
uncached_input_tokens = 900
output_tokens = 60
{top}
[contract]
{contract}
[[contract.band]]
min_commit_usd_per_year = 1000
discount_fraction = 0.2
{band}
"""
LEDGER = ("committed", "drawn_current", "drawn_banked", "forfeited", "overage", "paid", "banked")

Said = tuple[int, str, str]
Settle = Callable[..., Said]


@pytest.fixture
def settle(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Settle:
    """Run the command on a contract and the text of a file: (exit code, stdout, stderr)."""

    def run(contract: str, text: str | bytes, *options: str, top: str = "", band: str = "", plan: str = "") -> Said:
        (tmp_path / "plan.toml").write_text(PLAN.format(contract=contract, top=top, band=band), encoding="utf-8")
        paths = tmp_path / "months.csv"
        paths.write_bytes(text if isinstance(text, bytes) else text.encode())
        arguments = ["planner", "settle", plan or str(tmp_path / "plan.toml"), "--paths", str(paths), *options]
        monkeypatch.setattr("sys.argv", arguments)
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def months(*usd: float, first: int = 0) -> str:
    return "month,list_cost_usd\n" + "".join(f"{first + i},{value}\n" for i, value in enumerate(usd))


def figures(said: Said) -> dict[str, Any]:
    code, out, err = said
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def row(period: dict[str, Any]) -> tuple[float, ...]:
    return tuple(period[f"{name}_usd"] for name in LEDGER)


def ledger(found: dict[str, Any]) -> list[tuple[float, ...]]:
    return [row(period) for period in found["periods"]]


def cents(*rows: Sequence[float]) -> list[Any]:
    return [pytest.approx(tuple(values), abs=0.005) for values in rows]


# --- ledgers by hand -------------------------------------------------------------------------------------------------


def test_unused_commitment_is_forfeited(settle: Settle) -> None:
    """1,000 a month at 20 % off draws 9,600 of 12,000."""
    found = figures(settle("commit_usd_per_year = 12_000", months(*[1000] * 12), "--json"))
    assert ledger(found) == cents((12_000, 9_600, 0, 2_400, 0, 12_000, 0))
    assert (found["total_paid_usd"], found["npv_paid_usd"], found["on_demand_usd"]) == (12_000, 12_000, 12_000)
    assert found["shortfall_usd"] == pytest.approx(2_400)


def test_use_beyond_the_commitment_is_overage(settle: Settle) -> None:
    """24,000 at list; the commitment of 12,000 covers 15,000 of it."""
    found = figures(settle("commit_usd_per_year = 12_000", months(*[2000] * 12), "--json"))
    assert ledger(found) == cents((12_000, 12_000, 0, 0, 9_000, 21_000, 0))
    discounted = figures(settle('commit_usd_per_year = 12_000\noverage = "committed"', months(*[2000] * 12), "--json"))
    assert ledger(discounted) == cents((12_000, 12_000, 0, 0, 7_200, 19_200, 0))


ROLLOVER = "commit_usd_per_year = 12_000\nterm_months = 24\n[contract.rollover]\nshare = 0.5\nmonths = 6"


def test_half_of_what_is_unused_rolls_over_and_is_drawn_first(settle: Settle) -> None:
    """Year 1 draws 5,760 and carries 3,120; year 2 draws that in its first three months, and 11,280 of its own."""
    found = figures(settle(ROLLOVER, months(*[600] * 12, *[1500] * 12), "--json"))
    assert ledger(found) == cents(
        (12_000, 5_760, 0, 3_120, 0, 12_000, 3_120),
        (12_000, 11_280, 3_120, 360, 0, 12_000, 360),
    )
    assert found["shortfall_usd"] == pytest.approx(3_120 + 360 + 360)


def test_what_was_carried_is_forfeited_after_its_months(settle: Settle) -> None:
    """Year 2 uses 100 a month: six months draw 480 of the 3,120 carried, and 2,640 are lost with the half year."""
    found = figures(settle(ROLLOVER, months(*[600] * 12, *[100] * 12), "--json"))
    unused = 12_000 - 6 * 80
    assert ledger(found)[1] == cents((12_000, 480, 480, 2_640 + unused / 2, 0, 12_000, unused / 2))[0]


def test_a_ramp_commits_each_contract_year_its_own(settle: Settle) -> None:
    """18,000 a year at list draws 14,400: 2,400 too much for year 1, billed 3,000 at list; too little after."""
    ramped = "term_months = 36\ncommit_usd_per_year = 12_000\nramp = [2, 3, 4]"
    listed = "term_months = 36\ncommit_usd_per_year = [12_000, 18_000, 24_000]"
    found = figures(settle(ramped, months(*[1500] * 36), "--json"))
    assert ledger(found) == cents(
        (12_000, 12_000, 0, 0, 3_000, 15_000, 0),
        (18_000, 14_400, 0, 3_600, 0, 18_000, 0),
        (24_000, 14_400, 0, 9_600, 0, 24_000, 0),
    )
    assert found["total_paid_usd"] == pytest.approx(57_000)
    assert figures(settle(listed, months(*[1500] * 36), "--json")) == found
    typed = settle("term_months = 36\nramp = [2, 3, 4]", months(*[1500] * 36), "--json", "--commit", "12000")
    assert figures(typed) == found
    assert [period["first_month"] for period in found["periods"]] == ["2027-03", "2028-03", "2029-03"]
    assert [period["last_month"] for period in found["periods"]] == ["2028-02", "2029-02", "2030-02"]
    assert [period["period"] for period in found["periods"]] == [0, 1, 2]


def test_present_value_of_quarters_paid_in_advance(settle: Settle) -> None:
    """Four instalments of 3,000 at months 0, 3, 6, 9; the overage of the last two months at their ends."""
    terms = 'commit_usd_per_year = 12_000\n[contract.payment]\nmode = "quarterly"\ncost_of_capital_per_year = 0.1'
    found = figures(settle(terms, months(*[1500] * 10, 2000, 2000), "--json"))
    advance = sum(3_000 * 1.1 ** (-month / 12) for month in (0, 3, 6, 9))
    beyond = 2_000 * 1.1 ** (-11 / 12) + 2_000 * 1.1**-1
    assert found["total_paid_usd"] == pytest.approx(16_000)
    assert found["npv_paid_usd"] == pytest.approx(advance + beyond)


def test_a_true_up_charges_part_of_what_is_unused(settle: Settle) -> None:
    terms = 'commit_usd_per_year = 12_000\nshortfall = "true_up"\ntrue_up_rate = 0.75'
    found = figures(settle(terms, months(*[1000] * 12), "--json"))
    assert ledger(found) == cents((12_000, 9_600, 0, 1_800, 0, 11_400, 0))
    assert found["periods"][0]["waived_usd"] == pytest.approx(600)


def test_the_balance_of_a_contract_in_force_opens_the_ledger(settle: Settle) -> None:
    terms = (
        "commit_usd_per_year = 12_000\n[contract.in_force]\nends = 2027-06-01\nbalance_usd = 2_000\n"
        'on_signing = "renew"\nbank_usd = 500\nbank_ends = 2027-04-01'
    )
    found = figures(settle(terms, months(*[500] * 12), "--json"))
    assert found["opening_bank_usd"] == 2_500
    assert ledger(found) == cents((12_000, 3_600, 1_200, 1_300 + 8_400, 0, 12_000, 0))


SEATS = '[[fixed_spend]]\nname = "seats"\nusd_per_month = 250\n[[fixed_spend]]\nname = "fees"\nusd_per_month = 30\n'


def test_the_plan_s_fixed_spend_is_added_to_the_file(settle: Settle) -> None:
    """1,000 of tokens and 250 of seats draw the whole commitment; fees are billed beside it."""
    top = SEATS + "eligible = false"
    found = figures(settle("commit_usd_per_year = 12_000", months(*[1000] * 12), "--json", top=top))
    assert ledger(found) == cents((12_000, 12_000, 0, 0, 0, 12_360, 0))
    assert found["periods"][0]["outside_usd"] == pytest.approx(360)
    assert found["contract"]["fixed_spend_usd_per_month"] == 280
    _, out, _ = settle("commit_usd_per_year = 12_000", months(*[1000] * 12), top=top)
    assert "fixed spend is added" in out
    assert "seats $250.00 a month, fees $30.00 a month (billed beside the contract)" in out


def test_locked_prices_need_and_use_the_list_of_the_pricing_day(settle: Settle) -> None:
    """List fell by half: committed use draws 0.8 of the old price, overage pays the new one."""
    terms = "commit_usd_per_year = 4_800\n[contract.price_falls]\npassed_through = false"
    text = "month,list_cost_usd,signing_list_cost_usd\n" + "".join(f"{month},500,1000\n" for month in range(12))
    found = figures(settle(terms, text, "--json"))
    assert ledger(found) == cents((4_800, 4_800, 0, 0, 3_000, 7_800, 0))
    code, _, err = settle(terms, months(*[500] * 12))
    assert code == 2
    assert "signing_list_cost_usd" in err
    assert "price_falls" in err


def by_account(header: str, *accounts: str) -> str:
    return f"month,{header}\n" + "".join(f"{month},{rest}\n" for month in range(12) for rest in accounts)


def test_model_tiers_discounted_apart_need_a_column_and_use_it(settle: Settle) -> None:
    """A month of 1,000 opus at 30 % off and 500 of the rest at 20 % off draws 1,100."""
    tiers = "discount_by_tier = { opus = 0.3 }"
    text = by_account("tier,list_cost_usd", "opus,1000", "sonnet,400", ",100")
    found = figures(settle("commit_usd_per_year = 15_000", text, "--json", band=tiers))
    assert ledger(found) == cents((15_000, 13_200, 0, 1_800, 0, 15_000, 0))
    assert found["contract"]["discount_by_tier"] == [{"opus": 0.3}]
    said = settle("commit_usd_per_year = 15_000", text, band=tiers)[1]
    assert "$15,000 at 20.0% (opus 30.0%) discount a year" in said
    code, _, err = settle("commit_usd_per_year = 15_000", months(*[1500] * 12), band=tiers)
    assert code == 2
    assert "no column 'tier'" in err


ELIGIBLE = "commit_usd_per_year = 12_000\n[contract.eligible]\nbatch = false"


def test_what_is_not_eligible_is_billed_beside_the_contract(settle: Settle) -> None:
    text = by_account("eligible,list_cost_usd", "true,1000", "False,200")
    found = figures(settle(ELIGIBLE, text, "--json"))
    assert ledger(found) == cents((12_000, 9_600, 0, 2_400, 0, 14_400, 0))
    alone = figures(settle(ELIGIBLE, by_account("eligible,list_cost_usd", "false,200"), "--json"))
    assert ledger(alone) == cents((12_000, 0, 0, 12_000, 0, 14_400, 0))
    code, _, err = settle(ELIGIBLE, months(*[1200] * 12))
    assert code == 2
    assert "no column 'eligible'" in err
    code, _, err = settle("commit_usd_per_year = 12_000", text)
    assert code == 2
    assert "line 3: eligible = false" in err


def test_a_rise_cap_works_on_the_month_or_on_each_tier(settle: Settle) -> None:
    """Opus rose by half, haiku fell by half: capped at +10 %, the month as a whole costs less than both apart."""
    terms = "commit_usd_per_year = 24_000\n[contract.price_rises]\ncap_fraction = 0.1"
    text = by_account("tier,list_cost_usd,signing_list_cost_usd", "opus,1500,1000", "haiku,250,500")
    apart = figures(settle(terms, text, "--json"))
    assert apart["periods"][0]["drawn_current_usd"] == pytest.approx(12 * 0.8 * (1100 + 250))
    whole = by_account("list_cost_usd,signing_list_cost_usd", "1750,1500")
    code, out, err = settle(terms, whole, "--json")
    assert code == 0
    assert json.loads(out)["periods"][0]["drawn_current_usd"] == pytest.approx(12 * 0.8 * 1650)
    assert json.loads(out)["warnings"] == ["months.csv has no column 'tier': contract.price_rises caps the month as "
                                           "a whole, not each model tier"]  # fmt: skip
    assert err == ""


# --- what is signed --------------------------------------------------------------------------------------------------


def test_an_offer_may_be_typed_in_place_of_the_plan_s(settle: Settle) -> None:
    found = figures(settle("", months(*[1000] * 12), "--json", "--commit", "9000", "--discount", "0.25"))
    assert ledger(found) == cents((9_000, 9_000, 0, 0, 0, 9_000, 0))
    fixed = figures(settle("commit_usd_per_year = 9_000", months(*[1000] * 12), "--json", "--discount", "0.25"))
    assert fixed == found
    assert found["contract"]["discount_fraction"] == [0.25]
    none = figures(settle("commit_usd_per_year = 9_000", months(*[1000] * 12), "--json", "--commit", "0"))
    assert ledger(none) == cents((0, 0, 0, 0, 12_000, 12_000, 0))
    assert figures(settle("commit_usd_per_year = 0", months(*[1000] * 12), "--json")) == none


@pytest.mark.parametrize(
    ("contract", "options", "words"),
    [
        ("", [], ["contract.commit_usd_per_year", "--commit"]),
        ("", ["--commit", "-5"], ["-5", "USD a year"]),
        ("", ["--commit", "nan"], ["nan"]),
        ("commit_usd_per_year = 9_000", ["--discount", "20"], ["20", "0.12"]),
        ("commit_usd_per_year = 9_000", ["--commit", "5", "--discount", "nan"], ["nan"]),
    ],
)
def test_an_offer_that_cannot_be_settled_is_refused(
    settle: Settle, contract: str, options: list[str], words: list[str]
) -> None:
    code, out, err = settle(contract, months(*[1000] * 12), *options)
    assert (code, out) == (2, "")
    assert all(word in err for word in words)


def test_an_overage_clause_that_is_typed_holds_in_every_year_of_a_ramp() -> None:
    band = DiscountBand(min_commit_usd_per_year=1_000, discount_fraction=0.2)
    high = DiscountBand(min_commit_usd_per_year=5_000, discount_fraction=0.3)
    contract = Contract(term_months=36, bands=(band, high), ramp=(1.0, 2.0, 6.0))
    for overage, expected in (("committed", [0.2, 0.2, 0.3]), ("list", [0.0] * 3), (0.1, [0.1] * 3)):
        offer = typed_offer(contract, commit=1_000, discount=None, overage=overage)
        assert [offer.in_year(year).overage_discount_fraction for year in range(3)] == expected
        assert offer.commits_usd_per_year(3) == (1_000, 2_000, 6_000)


# --- files -----------------------------------------------------------------------------------------------------------

FIXED = "commit_usd_per_year = 12_000"


def test_months_may_be_named_by_the_calendar_in_any_order(settle: Settle) -> None:
    usd = [100.0 * (month + 1) for month in range(12)]
    named = [f"2027-{month + 3:02d}" if month < 10 else f"2028-{month - 9:02d}" for month in range(12)]
    lines = [f"{name},{value}" for name, value in zip(named, usd, strict=True)]
    calendar = "\ufefflist_cost_usd,month\n\n" + "".join(
        f'"{value}",{name}\r\n' for name, value in (line.split(",") for line in reversed(lines))
    )
    expected = figures(settle(FIXED, months(*usd), "--json"))
    assert figures(settle(FIXED, calendar, "--json")) == expected
    assert expected["on_demand_usd"] == pytest.approx(7_800)


GOOD = months(*[1000] * 12)


@given(data=st.data())
def test_rows_add_up_by_month_in_whatever_order_they_stand(tmp_path_factory: Any, data: st.DataObject) -> None:
    term = data.draw(st.integers(1, 30))
    accounts = data.draw(st.lists(st.sampled_from(["opus", "sonnet", "other", ""]), min_size=1, unique=True))
    usd = {(month, tier): data.draw(st.integers(0, 10**9)) / 100 for month in range(term) for tier in accounts}
    rows = data.draw(st.permutations([f"{month},{tier},{value}" for (month, tier), value in usd.items()]))
    path = tmp_path_factory.mktemp("months") / "months.csv"
    path.write_text("\n".join(["month,tier,list_cost_usd", *rows]), encoding="utf-8")
    band = DiscountBand(min_commit_usd_per_year=1_000, discount_fraction=0.2)
    spend, notes = read_spend(path, Contract(term_months=term, bands=(band,)), date(2027, 3, 1))
    assert notes == ()
    assert spend.list_cost_usd[:, 0] == pytest.approx([sum(usd[m, tier] for tier in accounts) for m in range(term)])
    for tier in accounts:
        current = spend.accounts[Account(tier or None)].current_usd[:, 0]
        assert current == pytest.approx([usd[month, tier] for month in range(term)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty", "month and list_cost_usd"]),
        ("\n\n", ["is empty"]),
        ("month,list_cost_usd\n", ["no row for month 0 (2027-03)", "and 7 more", "every month"]),
        (GOOD.replace("month,", "months,"), ["no column 'month'", "months, list_cost_usd"]),
        (GOOD.replace("cost_usd\n", "cost_usd,eligble\n"), ["column 'eligble' is unknown", "'eligible'"]),
        (GOOD.replace("list_cost_usd", "cost"), ["no column 'list_cost_usd'", "month, cost"]),
        (GOOD.replace(",", ";"), ["no column 'month'", "separated by commas"]),
        (GOOD.replace("month,list_cost_usd", "month,month"), ["two columns are named 'month'"]),
        (GOOD.replace("\n", ",\n"), ["column 3 has no name"]),
        (GOOD.replace("\n5,1000", ""), ["no row for month 5 (2027-08)"]),
        (GOOD + "5,1000\n", ["line 14: month = 5 stands in line 7 already"]),
        (GOOD + "12,1000\n", ["line 14: month = 12", "outside the term", "0 to 11 (2027-03 to 2028-02)"]),
        (GOOD.replace("\n0,", "\n-1,"), ["line 2: month = -1", "outside the term"]),
        (GOOD.replace("\n3,", "\n2027-06,"), ["line 5: month = 2027-06", "line 2 has 0", "one form"]),
        (GOOD.replace("\n0,", "\n2027-03,"), ["line 3: month = 1", "line 2 has 2027-03"]),
        (GOOD.replace("\n3,", "\nJune,"), ["line 5: month = 'June'", "YYYY-MM"]),
        (GOOD.replace("\n3,", "\n2027-13,"), ["line 5: month = '2027-13'", "YYYY-MM"]),
        (GOOD.replace("\n3,", "\n3.0,"), ["line 5: month = '3.0'"]),
        (GOOD.replace("\n3,", "\n,"), ["line 5: month = ''"]),
        (GOOD.replace("3,1000", "3,abc"), ["line 5: list_cost_usd = 'abc' is no number", "digits"]),
        (GOOD.replace("3,1000", "3,"), ["line 5: list_cost_usd = ''"]),
        (GOOD.replace("3,1000", "3,1_000"), ["line 5: list_cost_usd = '1_000'"]),
        (GOOD.replace("3,1000", '3,"1,000"'), ["line 5: list_cost_usd = '1,000'"]),
        (GOOD.replace("3,1000", "3,$1000"), ["line 5: list_cost_usd = '$1000'"]),
        (GOOD.replace("3,1000", "3,-1000"), ["line 5: list_cost_usd = -1000", "between 0"]),
        (GOOD.replace("3,1000", "3,nan"), ["line 5: list_cost_usd = 'nan'"]),
        (GOOD.replace("3,1000", "3,inf"), ["line 5: list_cost_usd = 'inf'"]),
        (GOOD.replace("3,1000", "3,1e400"), ["line 5: list_cost_usd = 1e400"]),
        (GOOD.replace("3,1000", "3,1000,5"), ["line 5: 3 cells under 2 columns"]),
        (GOOD.replace("3,1000", "3"), ["line 5: 1 cells under 2 columns"]),
        (GOOD.encode("utf-16"), ["not UTF-8"]),
        (GOOD.replace("3,1000", '3,"10"00'), ["not CSV"]),
        (by_account("tier,list_cost_usd", "opus,5", "large,5"), ["line 3: tier = 'large'", "sonnet"]),
        (by_account("eligible,list_cost_usd", "yes,5"), ["line 2: eligible = 'yes'", "true or false"]),
        (
            by_account("tier,list_cost_usd", "opus,5", "haiku,5").replace("\n4,haiku,5", ""),
            ["no row for month 4 (2027-07), tier haiku, eligible = true", "0 where nothing was used"],
        ),
        (by_account("tier,list_cost_usd", "opus,5", "opus,5", ",5"), ["line 3: month = 0", "tier opus"]),
    ],
)
def test_a_file_that_is_not_every_month_once_is_refused(settle: Settle, text: str | bytes, words: list[str]) -> None:
    code, out, err = settle(FIXED, text)
    assert (code, out) == (2, "")
    assert "months.csv" in err
    for word in words:
        assert word in " ".join(err.split())


def test_a_file_that_is_not_there_is_refused(settle: Settle, tmp_path: Path) -> None:
    code, _, err = settle(FIXED, GOOD, "--paths", str(tmp_path / "gone.csv"))
    assert code == 2
    assert "gone.csv" in err
    code, _, err = settle(FIXED, GOOD, "--paths", str(tmp_path))
    assert code == 2


def test_a_column_that_is_not_read_is_said(settle: Settle) -> None:
    text = "month,list_cost_usd,invoice\n" + "".join(f"{month},1000,A{month}\n" for month in range(12))
    code, out, err = settle(FIXED, text)
    assert code == 0
    assert "column 'invoice' of months.csv is not read" in err
    assert "Paid $12,000.00" in out
    assert settle(FIXED, text, "--quiet")[2] == ""


# --- what is printed -------------------------------------------------------------------------------------------------


def test_the_json_has_the_keys_that_scripts_rely_on(settle: Settle) -> None:
    found = figures(settle(ROLLOVER, months(*[600] * 24), "--json"))
    assert {"periods", "total_paid_usd", "npv_paid_usd"} <= set(found)
    assert all({"period", *(f"{name}_usd" for name in LEDGER)} <= set(period) for period in found["periods"])
    for before, period in zip([0.0, found["periods"][0]["banked_usd"]], found["periods"], strict=True):
        used = ("drawn_current_usd", "drawn_banked_usd", "forfeited_usd", "waived_usd", "banked_usd")
        assert before + period["committed_usd"] == pytest.approx(sum(period[name] for name in used))
    assert found["total_paid_usd"] == pytest.approx(sum(period["paid_usd"] for period in found["periods"]))


def test_the_text_has_a_row_a_period_a_total_and_says_that_the_ledger_balances(settle: Settle) -> None:
    code, out, err = settle(ROLLOVER, months(*[600] * 12, *[1500] * 12))
    assert (code, err) == (0, "")
    lines = {words[0]: words for line in out.splitlines() if (words := re.split(r"\s{2,}", line.strip()))[0]}
    assert lines["year 1"][1] == "2027-03 to 2028-02"
    assert lines["year 2"][1] == "2028-03 to 2029-02"
    assert lines["year 2"][2:] == [
        "$12,000.00", "$11,280.00", "$3,120.00", "$360.00", "$0.00", "$12,000.00", "$360.00",
    ]  # fmt: skip
    assert lines["total"][1:] == [
        "$24,000.00", "$17,040.00", "$3,120.00", "$3,480.00", "$0.00", "$24,000.00", "$360.00",
    ]  # fmt: skip
    assert (
        "The ledger balances: $24,000.00 committed = $17,040.00 drawn from current + $3,120.00 drawn from banked + "
        "$3,480.00 forfeited + $360.00 still banked."
    ) in out
    assert "Paid $24,000.00 for a commitment of $12,000 at 20.0% discount a year; 4.8% below on-demand list" in out
    quiet = settle(ROLLOVER, months(*[600] * 12, *[1500] * 12), "--quiet")[1]
    assert quiet.startswith("Paid $24,000.00")
    assert quiet.strip() in out


def test_the_text_names_quarters_terms_and_what_stands_beside_the_commitment(settle: Settle) -> None:
    quarters = settle(FIXED + '\ncommit_period = "quarter"', months(*[1000] * 12))[1]
    assert [f"year 1, Q{quarter}" in quarters for quarter in (1, 2, 3, 4, 5)] == [True] * 4 + [False]
    assert "waived" not in quarters
    term = settle(FIXED + '\ncommit_period = "term"\nterm_months = 24', months(*[1000] * 24))[1]
    assert re.search(r"^\s*term\s+2027-03 to 2029-02\s+\$24,000.00", term, flags=re.MULTILINE)
    listed = settle(FIXED + '\ndrawdown = "list"\nshortfall = "true_up"\ntrue_up_rate = 0.5', months(*[500] * 12))[1]
    assert "list dollars" in listed
    assert "waived" in listed
    in_force = '[contract.in_force]\nends = 2028-03-01\nbalance_usd = 2_000\non_signing = "co_term"'
    assert "the contract in force still covers" in settle(f"{FIXED}\n{in_force}", months(*[1000] * 12))[1]
    market = '[contract.marketplace]\nchannel = "AWS"\ncap_usd_per_year = 5\notherwise_unused_usd_per_year = 5'
    assert "marketplace" in settle(f"{FIXED}\n{market}", months(*[1000] * 12))[1]
    bank = ROLLOVER + "\n[contract.renewal]\nbank_value_fraction = 0.5"
    assert "worth on renewal" in settle(bank, months(*[1000] * 24))[1]
    capital = f"{FIXED}\n[contract.payment]\ncost_of_capital_per_year = 0.08"
    assert re.search(
        r"Paid \$12,000.00 \(\$11,\d{3}\.\d\d at present value, at 8.0% a year\)", settle(capital, GOOD)[1]
    )
    none = settle("commit_usd_per_year = 0", GOOD)[1]
    assert "Paid $12,000.00 without a commitment; 0.0% below on-demand list ($12,000.00)." in none
    assert "The ledger balances: $0.00 committed = $0.00 still banked." in none
    ramp = settle("term_months = 24\ncommit_usd_per_year = [0, 12_000]", months(*[0] * 24))[1]
    assert "$0 at 0.0%, then $12,000 at 20.0% discount a year; on-demand list is $0.00." in ramp


def test_the_bundled_three_year_plan_settles_actual_months(tmp_path: Path, settle: Settle) -> None:
    """Its clauses all at once, on months that grow; on demand holds what the plan's fixed spend adds."""
    rows = "".join(f"{month},{60_000 + 1_000 * month},{60_000 + 1_000 * month}\n" for month in range(36))
    text = "month,list_cost_usd,signing_list_cost_usd\n" + rows
    ships = str(Path(__file__).parents[1] / "data" / "plans" / "three-years.toml")
    code, out, _ = settle("", text, "--json", "--commit", "600000", plan=ships)
    found = json.loads(out)
    assert code == 0
    assert found["on_demand_usd"] == pytest.approx(sum(60_000 + 1_000 * month + 7_500 for month in range(36)))
    assert found["npv_paid_usd"] < found["total_paid_usd"]
    assert [period["outside_usd"] for period in found["periods"]] == pytest.approx([18_000.0] * 3)
    assert found["contract"]["commit_usd_per_year"] == pytest.approx([600_000, 660_000, 720_000])


def test_a_ledger_that_does_not_balance_is_never_said_to() -> None:
    figures = dict.fromkeys(("drawn_current_usd", "drawn_banked_usd", "waived_usd", "banked_usd"), np.zeros((1, 1)))
    broken = {**figures, "committed_usd": np.array([[10.0]]), "forfeited_usd": np.array([[9.99]])}
    settlement = SimpleNamespace(ledger=SimpleNamespace(opening_bank_usd=0.0, **broken))
    term: Any = SettledTerm(contract=None, start=None, offer=None, settlement=settlement)  # type: ignore[arg-type]
    assert "does not balance, by $0.01" in balance_sentence(term)
