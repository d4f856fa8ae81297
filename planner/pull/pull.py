"""Pull usage and billed cost from Anthropic, day by day, into a folder that a stopped pull goes on from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.clock import today
from planner.errors import InputError, PlannerError, UsageError
from planner.pull.analytics import Page, open_source, pages
from planner.pull.days import (
    PulledDay,
    PullRecord,
    checked_day,
    day_path,
    days_there,
    kept_words,
    prepare_folder,
    read_day,
    read_record,
    utc_text,
    write_day,
    write_record,
)
from planner.pull.request import DayWindow, Kind, PullRequest, earliest_day, windows
from planner.pull.rows import CostSums, UsageSums, add_costs, add_usage, row_day
from planner.sdk import Connection, sdk_version

if TYPE_CHECKING:
    from planner.sdk import Anthropic

Progress = Callable[[str, float], None]
Days = dict[tuple[Kind, date], PulledDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A pull that is done: every day of the request is in the folder.

    days: each kind and day of the request. asked: those that this pull asked for; again: of these, the ones that were
    kept before, but while they could still be filled in. other_days: usage days of the folder outside of the request.
    """

    request: PullRequest
    folder: Path
    organization_id: str | None
    days: Mapping[tuple[Kind, date], PulledDay]
    asked: frozenset[tuple[Kind, date]]
    again: frozenset[tuple[Kind, date]]
    other_days: int

    def of(self, kind: Kind) -> tuple[PulledDay, ...]:
        """The days of a kind, in order."""
        return tuple(self.days[kind, day] for day in self.request.days if (kind, day) in self.days)

    @property
    def usage(self) -> UsageSums:
        return add_usage([day.sums for day in self.of("usage") if isinstance(day.sums, UsageSums)])

    @property
    def cost(self) -> CostSums | None:
        found = [day.sums for day in self.of("cost") if isinstance(day.sums, CostSums)]
        return add_costs(found) if self.request.with_cost else None

    @property
    def days_without_use(self) -> tuple[date, ...]:
        return tuple(day.day for day in self.of("usage") if day.rows == 0)

    @property
    def unsettled_days(self) -> tuple[date, ...]:
        """Days that may still be filled in, and that the next pull asks for again."""
        return tuple(sorted({day.day for day in self.days.values() if not day.is_settled}))


def pull(
    request: PullRequest, folder: Path, *, client: "Anthropic | None" = None, progress: Progress | None = None
) -> Pulled:
    """Every day of the request in the folder: kept days are read, the others asked for and kept, each as it is done.

    client: the SDK's; by default one with the key of the environment (planner.pull.analytics.KEY_VARIABLES). It is
    not needed where every day is kept. progress(step, fraction) is called after each day. A stop in the middle, of
    whatever kind, keeps the days that were finished; the same call goes on from there.
    Errors: InputError for days that are not complete or no longer given; UsageError for a folder of another pull, for
    want of a key, and for what the endpoint refuses or does not answer, naming the days asked for and those kept.
    """
    now = today()
    if request.last_day >= now:
        raise InputError(
            f"{request.last_day} is not complete: today is {now} in UTC; the last complete day is "
            f"{now - timedelta(days=1)}, so end there or earlier"
        )
    record = read_record(folder)
    if record is not None and set(record.group_by) != set(request.group_by):
        raise UsageError(
            f"{folder} was pulled by {', '.join(record.group_by)}, and this asks for {', '.join(request.group_by)}; "
            "give the same dimensions or another folder"
        )
    kept = _kept(request, folder, progress)
    asked = _asked(request, kept, earliest_day(now))
    if asked:
        record, new = _ask(request, folder, record, asked, client, progress)
    else:
        new = {}
    return Pulled(
        request=request,
        folder=folder,
        organization_id=None if record is None else record.organization_id,
        days=kept | new,
        asked=frozenset(asked),
        again=frozenset(asked) & kept.keys(),
        other_days=len(set(days_there(folder, "usage")) - set(request.days)),
    )


def _kept(request: PullRequest, folder: Path, progress: Progress | None) -> Days:
    found: Days = {}
    wanted = [(kind, day) for kind in request.kinds for day in request.days]
    for index, (kind, day) in enumerate(wanted, 1):
        pulled = read_day(folder, kind, day, request.group_by)
        if pulled is not None:
            found[kind, day] = pulled
        if progress is not None:
            progress("reading the days that are kept", index / len(wanted))
    return found


def _asked(request: PullRequest, kept: Days, earliest: date) -> list[tuple[Kind, date]]:
    """What to ask for: days that are missing, and those that may still be filled in, as far back as the endpoint goes.

    Errors: InputError for missing days from before that.
    """
    wanted = [(kind, day) for kind in request.kinds for day in request.days]
    gone = [day for kind, day in wanted if day < earliest and (kind, day) not in kept]
    if gone:
        raise InputError(f"{min(gone)}: the endpoint goes back to {earliest} only (365 days); start there or later")
    return [key for key in wanted if key not in kept or (not kept[key].is_settled and key[1] >= earliest)]


def _ask(
    request: PullRequest,
    folder: Path,
    record: PullRecord | None,
    asked: Sequence[tuple[Kind, date]],
    client: "Anthropic | None",
    progress: Progress | None,
) -> tuple[PullRecord, Days]:
    """Ask for days and keep each. Errors: as pull; what is kept, and how to go on, is added to each message."""
    source = open_source(request.max_retries, client)
    said: PlannerError
    try:
        prepare_folder(folder)
        record = record or PullRecord(group_by=request.group_by, sdk=sdk_version())
        write_record(folder, record)
        return _ask_windows(request, folder, replace(record, sdk=sdk_version()), asked, source, progress)
    except PlannerError as error:
        said = error
    finally:
        source.close()
    raise type(said)(f"{str(said).rstrip('.')}. {kept_words(folder)}")


def _ask_windows(
    request: PullRequest,
    folder: Path,
    record: PullRecord,
    asked: Sequence[tuple[Kind, date]],
    source: Connection,
    progress: Progress | None,
) -> tuple[PullRecord, Days]:
    new: Days = {}
    for kind in request.kinds:
        days = [day for of_kind, day in asked if of_kind == kind]
        done = 0
        for window in windows(days):
            in_window: list[PulledDay] = []
            try:
                for finished in _finished_days(pages(source, kind, window, request.group_by), window):
                    record = _of_one_organization(record, finished, folder)
                    in_window.append(_keep(finished, kind, request, folder))
                    done += 1
                    if progress is not None:
                        progress(f"pulling {kind}", done / len(days))
            except _OutOfOrderError:
                for pulled in in_window:  # days that seemed finished need not be
                    day_path(folder, kind, pulled.day).unlink(missing_ok=True)
                raise
            new |= {(kind, pulled.day): pulled for pulled in in_window}
            record = record.with_window(_window_row(kind, window, in_window))
            write_record(folder, record)
    return record, new


class _OutOfOrderError(UsageError):
    """Rows did not come in the order that was asked for, so that no day of the window is known to be finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _FinishedDay:
    """A day of which every row is there. place: the page that finished it, for messages."""

    day: date
    rows: Sequence[Any]
    refreshed_at: datetime | None
    organization_id: str | None
    place: str


def _finished_days(replies: Iterable[Page], window: DayWindow) -> Iterator[_FinishedDay]:
    """Every day of a window: each that has rows as soon as a row of a later day, or the end, shows it finished; then
    those without, because only the end of the pages says that nothing comes.

    A day is as fresh as the oldest of the pages that it came in; one without rows, as the oldest of all.
    Errors: UsageError for a row that is not one whole day; _OutOfOrderError for days that go back or that nobody asked
    for.
    """
    open_day, rows, read = window.first_day, list[Any](), list[Page]()
    since = 0
    missing = {window.first_day + timedelta(days=index) for index in range((window.end_day - window.first_day).days)}
    for page in replies:
        read.append(replace(page, rows=()))  # when and whose; the rows of a window may be many
        for day, row in zip(_days_in_order(page, open_day, window), page.rows, strict=True):
            if day > open_day and rows:
                yield _finished(open_day, rows, read[since:])
            if day > open_day:
                open_day, rows, since = day, [], len(read) - 1
            rows.append(row)
            missing.discard(day)
    if rows:
        yield _finished(open_day, rows, read[since:])
    for day in sorted(missing):
        yield _finished(day, [], read)


def _finished(day: date, rows: Sequence[Any], of: Sequence[Page]) -> _FinishedDay:
    known = [page.refreshed_at for page in of if page.refreshed_at is not None]
    return _FinishedDay(
        day=day,
        rows=rows,
        refreshed_at=min(known) if len(known) == len(of) else None,
        organization_id=of[-1].organization_id,
        place=of[-1].place,
    )


def _days_in_order(page: Page, earliest: date, window: DayWindow) -> list[date]:
    """The day of each row of a page, all of them checked before any is used."""
    found = [row_day(row, f"{page.place}, row {number}") for number, row in enumerate(page.rows, 1)]
    for number, (day, before) in enumerate(zip(found, [earliest, *found], strict=False), 1):
        if not before <= day < window.end_day:
            raise _OutOfOrderError(
                f"{page.place}, row {number} is of {day}, which was not asked for there: rows come by day, oldest first"
            )
    return found


def _of_one_organization(record: PullRecord, finished: _FinishedDay, folder: Path) -> PullRecord:
    """The record with the organisation that the reply names. Errors: UsageError where the folder is another's."""
    found = finished.organization_id
    if found is None or found == record.organization_id:
        return record
    if record.organization_id is not None:
        raise UsageError(
            f"{folder} holds usage of organisation {record.organization_id}, and the key is of {found}; give the key "
            "of the same organisation or another folder"
        )
    record = replace(record, organization_id=found)
    write_record(folder, record)
    return record


def _keep(finished: _FinishedDay, kind: Kind, request: PullRequest, folder: Path) -> PulledDay:
    pulled = checked_day(kind, finished.day, finished.rows, finished.refreshed_at, request.group_by, finished.place)
    write_day(folder, pulled, finished.rows)
    return pulled


def _window_row(kind: Kind, window: DayWindow, days: Sequence[PulledDay]) -> dict[str, Any]:
    """What pull.json says of a range that was asked for: the data is as fresh as that of its stalest day."""
    known = [pulled.refreshed_at for pulled in days if pulled.refreshed_at is not None]
    return {
        "kind": kind,
        "starting_at": f"{window.first_day}T00:00:00Z",
        "ending_at": f"{window.end_day}T00:00:00Z",
        "pulled_at": utc_text(datetime.now(tz=UTC).replace(microsecond=0)),
        "data_refreshed_at": utc_text(min(known)) if len(known) == len(days) else None,
        "rows": sum(pulled.rows for pulled in days),
    }
