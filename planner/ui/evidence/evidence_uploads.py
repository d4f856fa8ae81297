"""Graded answers from elsewhere: decided at once, taken away as an evidence file, or used in the plan."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import streamlit as st

from planner.clock import today
from planner.errors import InputError, PlannerError, UnknownModelError
from planner.evaluation.store import Store, read_store
from planner.evaluation.store_file import default_store
from planner.evidence.decide import decide
from planner.evidence.graded import read_graded_files
from planner.evidence.quality import Evidence
from planner.evidence_in_plan.deciding import TypedBar, bars_for, evidence_from
from planner.evidence_in_plan.facts import pairs_in_plan
from planner.evidence_reports.decide import Decided, decide_notes, decide_table, decided
from planner.evidence_reports.decide_sentences import decide_sentences
from planner.evidence_reports.pair_facts import pair_facts, plan_sentences
from planner.evidence_reports.standings import Standing, uploaded_standings
from planner.plan_file.evidence_file import evidence_text
from planner.plan_file.evidence_text import with_counted_routes, with_evidence
from planner.plan_file.lever_text import scenario_names
from planner.prepared import Prepared
from planner.ui.arriving.uploads import UPLOAD_MEGABYTES, Upload, uploads_key
from planner.ui.evidence.evidence_costs import plan_file, store_stamps
from planner.ui.hosted.user_folders import check_room
from planner.ui.showing import downloads, show
from planner.ui.showing.asked import asked
from planner.ui.showing.changing import change_plan, refusal, refused_at
from planner.ui.showing.escape import plain, visible
from planner.ui.state import opening
from planner.ui.state.session import Loaded, Report
from planner.words import count

ENDINGS: Final = tuple(f"{kind}{packed}" for kind in (".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))
_EXAMPLE: Final = (
    '{"request_type": "triage", "candidate": "claude-haiku-5-5", "id": "17", "passed": true, '
    '"reference_passed": true, "cost_usd": 0.0004}'
)
_NOWHERE: Final = "no scenario: only as [[evidence]]"
_TURN, _PLACE = "graded_turn", "graded answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """Graded answers that were uploaded, decided. costs_usd: of each answer, None where it is not known."""

    found: Decided
    evidence: tuple[Evidence, ...]
    standings: tuple[Standing, ...]
    plan_says: tuple[str, ...]
    costs_usd: tuple[float | None, ...]
    repeated: int


def uploads_section(current: Loaded) -> Uploaded | None:
    """The uploader and the bar, what follows from the files, and ways to keep it; None without files."""
    show.sentence(
        "Answers that you graded yourself, in any way: JSON lines in the order in which they were graded, plain, gzip "
        "or zstd. Nothing is asked and nothing is spent; the files stay on the machine that runs the app."
    )
    turn = st.session_state.get(_TURN, 0)
    files = st.file_uploader(
        "Graded answers (JSONL)",
        type=["jsonl", "ndjson", "gz", "zst"],
        accept_multiple_files=True,
        key=f"graded_{turn}",
        max_upload_size=UPLOAD_MEGABYTES,
        help="request_type, candidate, id and passed are needed; reference_passed says whether the current model's own "
        "answer passed, cost_usd what the answer cost.",
    )
    typed, graded_on = _bar(turn)
    if not files:
        st.caption("A line looks like this:")
        show.code(_EXAMPLE)
        return None
    uploads = [Upload(name=file.name, data=file.getvalue()) for file in files]
    found = _decided(current, uploads, typed, graded_on)
    if found is None:
        return None
    if isinstance(found, str):
        st.error(f"**These answers were not decided on; the plan is as it was.** {plain(found, 2000)}")
        return None
    _says(found)
    _keep(current, found)
    return found


def _bar(turn: int) -> tuple[TypedBar, date]:
    """What the answers are held to; an empty field is the plan's."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        bar = _number("Bar, %", 0.1, 99.9, 1.0, f"graded_bar_{turn}", "the pass rate to hold; empty: the plan's, or 90")
        margin = _number(
            "Margin, points",
            0.0,
            99.0,
            1.0,
            f"graded_margin_{turn}",
            "and at most so far below the current model on the same requests; empty: the plan's, or none",
        )
        answers = _number("Planned answers", 1, 1_000_000, 50, f"graded_answers_{turn}", "empty: the plan's, or 200")
        looks = _number(
            "Looks", 1, 200, 1, f"graded_looks_{turn}", "how often they were to be counted; empty: the plan's, or 4"
        )
        graded_on = st.date_input(
            "Graded on", today(), max_value=today(), key=f"graded_on_{turn}", width=140, help="day of the grading"
        )
    typed = TypedBar(
        bar=None if bar is None else round(bar / 100, 12),
        margin=None if margin is None else round(margin / 100, 12),
        answers=answers,
        looks=looks,
    )
    return typed, graded_on


def _number(label: str, low: Any, high: Any, step: Any, key: str, says: str) -> Any:
    return st.number_input(
        label,
        min_value=low,
        max_value=high,
        step=step,
        value=None,
        placeholder="plan's",
        key=key,
        help=says,
        width=140,
    )


def _decided(current: Loaded, uploads: list[Upload], typed: TypedBar, graded_on: date) -> Uploaded | str | None:
    """What the files decide, worked out once; why they are refused, in words; None until it is worked out."""
    plan, folder = plan_file(current), opening.folder()
    stamps = [] if plan is None else store_stamps(plan)
    key = sha256(repr((uploads_key(uploads), current.key, typed, graded_on, stamps)).encode()).hexdigest()

    def make(report: Report) -> Uploaded | str:
        report("deciding", 0.0)
        try:
            with ExitStack() as opened:
                store = None if plan is None or not stamps else opened.enter_context(read_store(default_store(plan)))
                return _decide(current, uploads, typed, graded_on, store, folder)
        except PlannerError as error:
            return str(error) if plan is None else str(error).replace(f"{plan.parent}{os.sep}", "")

    return asked(
        replace(current, key=key),
        "graded",
        button="Decide on these answers",
        says="The answers are counted, and held to the bar.",
        make=make,
        at_once=True,
    )


def _decide(
    current: Loaded, uploads: Sequence[Upload], typed: TypedBar, graded_on: date, store: Store | None, folder: Path
) -> Uploaded:
    """store: beside the plan file; of answers that are in it, it knows the ratios of tokens. folder: of the session."""
    plan = current.plan
    paths = [_stored(upload, folder) for upload in uploads]
    names = {str(path): upload.name for path, upload in zip(paths, uploads, strict=True)}
    try:
        read = read_graded_files(paths)
    except InputError as error:
        raise InputError(_in_their_names(str(error), names)) from None
    default, bars = bars_for(plan.inputs, typed)
    decisions = decide(read.answers, bars, default=default)
    evidence = evidence_from(
        decisions,
        read.answers,
        bars=bars,
        default=default,
        graded_on=graded_on,
        source=", ".join(upload.name for upload in uploads)[:1000],
        prepared=plan.prepared,
        store=store,
    )
    pairs = pairs_in_plan(plan.prepared, evidence)
    return Uploaded(
        found=decided(decisions, bars, default=default, facts=pair_facts(pairs)),
        evidence=evidence,
        standings=uploaded_standings(plan.prepared, decisions, pairs),
        plan_says=tuple(plan_sentences(pairs)),
        costs_usd=tuple(answer.cost_usd for answer in read.answers),
        repeated=read.repeated,
    )


def _stored(upload: Upload, folder: Path) -> Path:
    """An upload under a name made of its hash. Errors: InputError for an ending that graded answers have not."""
    ending = next((one for one in sorted(ENDINGS, key=len, reverse=True) if upload.name.lower().endswith(one)), None)
    if ending is None:
        raise InputError(f"{upload.name}: give graded answers as .jsonl, also .jsonl.gz and .jsonl.zst")
    path = folder / f"graded-{sha256(upload.data).hexdigest()[:12]}{ending}"
    check_room(folder, len(upload.data))
    path.write_bytes(upload.data)
    return path


def _in_their_names(message: str, names: dict[str, str]) -> str:
    """Where this machine keeps a file is no concern of the browser's."""
    for path, name in names.items():
        message = message.replace(path, name)
    return message


def _says(found: Uploaded) -> None:
    for line in (*decide_sentences(found.found.decisions, found.found.recommendations), *found.plan_says):
        show.sentence(line)
    for note in decide_notes(found.found):
        st.caption(plain(note, 2000))
    show.beside(decide_table(found.found), key="decided")
    if found.repeated:
        lines = "1 line repeats an answer" if found.repeated == 1 else f"{count(found.repeated)} lines repeat an answer"
        st.caption(f"{lines} that is there already; each answer counts once.")


def _keep(current: Loaded, found: Uploaded) -> None:
    """The evidence file to take away, and the counts into the plan on the screen."""
    downloads.button(
        "Evidence file (TOML)",
        lambda: evidence_text(found.evidence).encode(),
        name=f"{downloads.file_stem(current.plan)}-evidence.toml",
        mime="application/toml",
        key="evidence_file",
    )
    usable, left_out = _usable(current.plan.prepared, found)
    for line in left_out:
        st.caption(plain(line, 2000))
    if not usable:
        return
    names = {f"{item.request_type} on {item.model}": item for item in usable}
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            picked = st.selectbox(
                "Use in the plan", list(names), format_func=lambda name: visible(name, 80), key="use_pair", width=320
            )
            scenario = st.selectbox(
                "for its route in",
                [_NOWHERE, *_scenarios(current)],
                format_func=lambda name: visible(name, 80),
                key="use_scenario",
                width=320,
            )
            apply = st.button("Use in the plan", key="use_evidence", type=show.emphasis(), icon=":material/check:")
        st.caption(
            "The counts go into the plan as [[evidence]]. A route takes its escalation from them, and its token ratios "
            "where they were measured; one that is there keeps its share and ramp, a new one takes all of the type."
        )
        says = st.empty()
        if apply:
            _use(current, names[picked], None if scenario == _NOWHERE else scenario, says)
        elif refused := refusal(_PLACE):
            says.error(f"**The plan is as it was.** {plain(refused, 2000)}")


def _scenarios(current: Loaded) -> list[str]:
    inputs = current.plan.inputs
    return [name for name in scenario_names(inputs.text) if name != inputs.baseline]


def _usable(prepared: Prepared, found: Uploaded) -> tuple[list[Evidence], list[str]]:
    """Evidence that says the same in the plan, which counts once and follows no looks; what is left out, and why."""
    usable, left_out = [], []
    for item in found.evidence:
        what = f"{item.request_type} on {item.model}"
        try:
            model = prepared.price_book.resolve(item.model)
        except UnknownModelError as error:
            left_out.append(f"{what} cannot be used in this plan: {error}")
            continue
        if item.verdict != item.single_look:
            left_out.append(
                f"{what} is not offered for the plan: in it one look would say {item.single_look}, and the schedule "
                f"says {item.verdict}. Put the evidence file beside the plan file instead; there the schedule counts."
            )
            continue
        if any((item.request_type, model) == (one.request_type, one.model) for one in usable):
            left_out.append(f"{what} is not offered for the plan: it is {model} under a second name; give it one name.")
            continue
        usable.append(replace(item, model=model))
    return usable, left_out


def _use(current: Loaded, item: Evidence, scenario: str | None, says: Any) -> None:
    def text() -> str:
        written = with_evidence(current.plan.inputs.text, [item], _same_model(current.plan.prepared))
        return written if scenario is None else with_counted_routes(written, scenario, [item])

    def done() -> None:
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
        st.toast(plain(f"{item.request_type} on {item.model} is in the plan."))

    change_plan(text, what="evidence", refused=refused_at(_PLACE), done=done, says=says)


def _same_model(prepared: Prepared) -> Any:
    def same(one: str, other: str) -> bool:
        try:
            return prepared.price_book.resolve(one) == prepared.price_book.resolve(other)
        except UnknownModelError:
            return one == other

    return same
