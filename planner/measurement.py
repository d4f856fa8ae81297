"""The request mix of a log: usage per type, model and month at the list price of its own day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import pandas as pd

from planner.billed.records import Bill
from planner.coverage import HOURS_PER_DAY, Coverage, coverage
from planner.errors import UsageError
from planner.exclusions import LOGGED_MODEL, Exclusion, Removal, exclude, set_apart
from planner.list_cost import UNKNOWN, price_groups, priceable
from planner.name_notes import PROVIDER_NAMES
from planner.prices import PriceBook
from planner.reconciliation.reconcile import Reconciliation, reconcile, reconciliation_warnings
from planner.units import DAYS_PER_MONTH, SECONDS_PER_HOUR, SERVER_TOOL_COLUMNS, TOKEN_COLUMNS
from planner.usage.columns import UNTAGGED
from planner.usage.read import Usage

Window = tuple[date | None, date | None]
"""First and last day, both included; None leaves the side open."""

_COUNTS: Final = ["requests", *TOKEN_COLUMNS, *SERVER_TOOL_COLUMNS]
_OF_SERVER_TOOLS: Final = [*SERVER_TOOL_COLUMNS, "server_tools_usd"]
_ROW_KEYS: Final = ["request_type", "model", "month"]
_NO_BILL: Final = Bill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over a measurement, in the units of the columns; billed_cost_usd is None where nothing was billed.

    server_tools_usd: the part of list_cost_usd that is web searches and code execution.
    """

    requests: int
    uncached_input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    web_search_requests: int
    code_execution_seconds: int
    list_cost_usd: float
    server_tools_usd: float
    billed_cost_usd: float | None

    @property
    def code_execution_hours(self) -> float:
        return self.code_execution_seconds / SECONDS_PER_HOUR

    @property
    def has_server_tools(self) -> bool:
        return self.web_search_requests > 0 or self.code_execution_seconds > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a log says, at list prices of each row's own day, after the window and the exclusions.

    rows: request_type, model, month (YYYY-MM), requests, five token columns, list_cost_usd, billed_cost_usd,
      share_of_bill; largest list cost first. Where the log has any use of server tools also web_search_requests,
      code_execution_seconds, server_tools_usd (included in list_cost_usd).
    daily: the priced groups behind the rows, exclusions already taken out.
    removed: the priced groups that exclusions took out, with the column `exclusion`, its place among them.
    removals: what each exclusion took out.
    reconciliation: everything in the window, excluded or not, against what was billed.
    priced_by: share of list spend by how the prompt length was settled.
    run_rate_warnings: those of the warnings that speak of the months of a run rate, or of exclusions that take nothing.
    """

    rows: pd.DataFrame
    daily: pd.DataFrame
    totals: Totals
    removals: tuple[Removal, ...]
    first: datetime
    last: datetime
    coverage: Coverage
    reconciliation: Reconciliation
    priced_by: Mapping[str, float]
    warnings: tuple[str, ...]
    removed: pd.DataFrame = field(default_factory=pd.DataFrame)
    run_rate_warnings: frozenset[str] = frozenset()

    @property
    def excluded(self) -> tuple[tuple[Exclusion, float], ...]:
        """Each exclusion with the list dollars it removed."""
        return tuple((removal.exclusion, removal.list_cost_usd) for removal in self.removals)

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        return tuple(removal.exclusion for removal in self.removals)

    @property
    def complete_months(self) -> tuple[str, ...]:
        return self.coverage.complete

    @property
    def incomplete_months(self) -> tuple[str, ...]:
        return self.coverage.incomplete

    @property
    def missing_months(self) -> tuple[str, ...]:
        return self.coverage.missing


def prompt_edges(price_book: PriceBook) -> tuple[int, ...]:
    """Prompt lengths to read usage with: each price threshold, and the same text in the other tokenizer's tokens."""
    edges: set[int] = set()
    ratio = price_book.new_tokens_per_old
    for threshold in price_book.thresholds():
        edges.update((threshold, round(threshold / ratio), round(threshold * ratio)))
    return tuple(sorted(edges))


def measure(
    usage: Usage,
    price_book: PriceBook,
    *,
    window: Window | None = None,
    exclusions: Sequence[Exclusion] = (),
    bill: Bill = _NO_BILL,
    today: date | None = None,
) -> Measurement:
    """The request mix of a log: every daily group at its own day's list price, then window, exclusions, sums.

    bill: what was billed, to compare with; without one, what the log itself says was billed. today: rows after it are
    said; without it none is.
    Errors: UsageError when the window or the exclusions leave nothing; UnknownModelError, PriceError.
    """
    span = window or (None, None)
    inside = _in_window(usage, span)
    inside = inside.assign(**{LOGGED_MODEL: inside["model"]})
    apart = set_apart(inside, exclusions, priceable(inside, price_book))
    priced = price_groups(apart.rest, price_book, usage.prompt_edges)
    groups = priced.groups.assign(month=priced.groups["day"].dt.strftime("%Y-%m"))
    cut = exclude(groups, exclusions, effective=apart.by)
    covered = _covered(inside, span)
    reconciliation = reconcile(groups, bill, covered, price_book)
    said = [*usage.notes, *apart.notes, *cut.notes, *priced.notes]
    warned = _warnings(cut.kept, inside, covered, reconciliation, price_book)
    return Measurement(
        rows=_rows(cut.kept),
        daily=cut.kept,
        totals=_totals(cut.kept),
        removals=cut.removals,
        first=_utc(inside["first"].min()),
        last=_utc(inside["last"].max()),
        coverage=covered,
        reconciliation=reconciliation,
        priced_by=_priced_by(cut.kept),
        warnings=tuple(dict.fromkeys([*said, *_future_warnings(inside, today), *warned])),
        removed=cut.removed,
        run_rate_warnings=frozenset((*cut.notes, *_coverage_warnings(covered, inside))),
    )


def _covered(inside: pd.DataFrame, span: Window) -> Coverage:
    days = [stamp.date() for stamp in sorted(pd.to_datetime(inside["day"].unique()))]
    return coverage(days, first=_utc(inside["first"].min()), last=_utc(inside["last"].max()), window=span)


def _warnings(
    kept: pd.DataFrame, inside: pd.DataFrame, covered: Coverage, reconciliation: Reconciliation, book: PriceBook
) -> Iterable[str]:
    yield from _coverage_warnings(covered, inside)
    yield from _length_warnings(kept)
    yield from _tag_warnings(kept)
    yield from _provider_warnings(kept, book)
    yield from reconciliation_warnings(reconciliation)
    yield from _date_warnings(_utc(inside["last"].max()), book)


def cumulative_share(rows: pd.DataFrame) -> pd.Series:
    """Running sum of share_of_bill down the rows as they stand (the Pareto curve when they are sorted)."""
    return rows["share_of_bill"].cumsum()


def _utc(stamp: pd.Timestamp) -> datetime:
    return pd.Timestamp(stamp).tz_localize("UTC").to_pydatetime()


def _in_window(usage: Usage, window: Window) -> pd.DataFrame:
    since, until = window
    if since is not None and until is not None and since > until:
        raise UsageError(f"The usage window ends ({until}) before it begins ({since}).")
    inside = usage.groups
    if since is not None:
        inside = inside[inside["day"] >= pd.Timestamp(since)]
    if until is not None:
        inside = inside[inside["day"] <= pd.Timestamp(until)]
    if inside.empty:
        raise UsageError(
            f"No usage between {since or 'the beginning'} and {until or 'the end'}: the log runs from "
            f"{usage.first.date()} to {usage.last.date()}."
        )
    return inside


def _rows(groups: pd.DataFrame) -> pd.DataFrame:
    grouped = groups.groupby(_ROW_KEYS, sort=True)
    rows = grouped[[*_COUNTS, "list_cost_usd", "server_tools_usd"]].sum()
    if not rows[list(SERVER_TOOL_COLUMNS)].any(axis=None):
        rows = rows.drop(columns=_OF_SERVER_TOOLS)
    rows["billed_cost_usd"] = grouped["billed_cost_usd"].sum(min_count=1)
    total = float(rows["list_cost_usd"].sum())
    rows["share_of_bill"] = rows["list_cost_usd"] / total if total else 0.0
    rows = rows.reset_index().sort_values("list_cost_usd", ascending=False, kind="stable")
    return rows.reset_index(drop=True)


def _totals(groups: pd.DataFrame) -> Totals:
    billed = groups["billed_cost_usd"].sum(min_count=1)
    counts = {name: int(groups[name].sum()) for name in _COUNTS}
    return Totals(
        **counts,
        list_cost_usd=float(groups["list_cost_usd"].sum()),
        server_tools_usd=float(groups["server_tools_usd"].sum()),
        billed_cost_usd=None if pd.isna(billed) else float(billed),
    )


def _priced_by(groups: pd.DataFrame) -> dict[str, float]:
    sums = groups.groupby("basis", sort=True)["list_cost_usd"].sum()
    total = float(sums.sum())
    return {str(basis): float(usd) / total if total else 0.0 for basis, usd in sums.items()}


def _future_warnings(inside: pd.DataFrame, today: date | None) -> Iterable[str]:
    if today is None:
        return
    after = inside[inside["day"] > pd.Timestamp(today)]
    if not after.empty:
        rows = int(after["records"].sum())
        yield (
            f"{rows:,} {'row lies' if rows == 1 else 'rows lie'} after today ({today}), the last on "
            f"{after['day'].max().date()}: a clock or a date format is wrong, or they are a plan. [usage] to leaves "
            "them out."
        )


def _coverage_warnings(covered: Coverage, inside: pd.DataFrame) -> Iterable[str]:
    if not covered.complete:
        days = pd.to_datetime(inside["day"])
        number, span = days.nunique(), covered.span_days
        scale = DAYS_PER_MONTH / span
        yield (
            f"No month is complete: the log has use on {number} {'day' if number == 1 else 'days'} "
            f"({days.min().date()} to {days.max().date()}). A monthly figure multiplies the {_span_words(span)} that "
            f"it covers by {scale:,.3g}."
        )
    if covered.complete and covered.incomplete:
        yield f"Not a complete month, and left out of the run rate: {', '.join(covered.incomplete)}."
    if covered.missing:
        yield f"No record at all in {', '.join(covered.missing)}: left out of the run rate, not counted as zero."
    for before, after in covered.holes:
        yield f"No record between {before} and {after}: the run rate counts those days as they are, without use."


def _span_words(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{days * HOURS_PER_DAY:.0f} hours"


def _length_warnings(groups: pd.DataFrame) -> Iterable[str]:
    unknown = groups[groups["basis"] == UNKNOWN]
    if unknown.empty:
        return
    total, base = float(groups["list_cost_usd"].sum()), float(unknown["list_cost_usd"].sum())
    more = float(unknown["if_long_usd"].sum()) - base
    share = base / total if total else 0.0
    yield (
        f"{share:.1%} of the list bill is in rows of several requests whose prompt lengths the log does not settle; "
        f"they are priced below the long-prompt threshold. If all were above it, they would cost ${more:,.0f} more."
    )


def _tag_warnings(groups: pd.DataFrame) -> Iterable[str]:
    total = float(groups["list_cost_usd"].sum())
    untagged = groups[groups["request_type"] == UNTAGGED]
    if not untagged.empty:
        share = float(untagged["list_cost_usd"].sum()) / total if total else 0.0
        yield f"{share:.1%} of the list bill carries no request type and is kept as {UNTAGGED!r}."


def _provider_warnings(groups: pd.DataFrame, book: PriceBook) -> Iterable[str]:
    total = float(groups["list_cost_usd"].sum())
    for provider, usd in groups.groupby("provider", sort=True)["list_cost_usd"].sum().items():
        if provider not in ("", book.provider) and total > 0:
            yield (
                f"{float(usd) / total:.1%} of the list bill was served by {PROVIDER_NAMES[str(provider)]} and is "
                f"measured at its prices; a plan prices everything at {PROVIDER_NAMES[book.provider]} "
                "(prices.provider)."
            )


def _date_warnings(last: datetime, book: PriceBook) -> Iterable[str]:
    if last.date() > book.checked_on:
        yield f"The log runs to {last.date()}, after the prices were last checked ({book.checked_on})."
