"""Saying which field of an unknown log is which, with what becomes of the first rows, before anything is measured."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import streamlit as st

from planner.errors import PlannerError
from planner.plan_file.usage_keys import usage_of, usage_toml, with_usage
from planner.tables import Table
from planner.ui.arriving import doors
from planner.ui.arriving.new_log import choice_of
from planner.ui.arriving.unmapped import Unmapped, in_their_names
from planner.ui.arriving.uploads import Choice
from planner.ui.showing import changing, show
from planner.ui.showing.escape import plain, visible
from planner.ui.state import kept, session
from planner.ui.state.session import Loaded, Report
from planner.ui.usage.mapping import (
    INPUT,
    INPUT_WITH_CACHE,
    MORE,
    NEEDED,
    NOT_THERE,
    SAME_FOR_ALL,
    TYPES_BY,
    Chosen,
    Column,
    chosen,
    options,
    plain_fields,
)
from planner.ui.usage.source_section import taken, visible_lines
from planner.usage.columns import KEY_COLUMNS, UNTAGGED
from planner.usage.files import LogFile
from planner.usage.preview import Preview, preview, with_fields
from planner.usage.proposal import Proposal, may_be_prompt, propose
from planner.usage.readings import FILE_STEM
from planner.words import count

_PLACE: Final = "mapping"
_WIDTH: Final = 250
_MOST_FIELDS: Final = 200


def mapping_section(current: Loaded, waiting: Unmapped) -> None:
    """The fields with samples, a choice for each column, the first rows as they would be read, and the button."""
    file = kept.once("fields", _prefix(waiting), lambda: _looked(waiting))
    st.header("Say which field is which")
    if isinstance(file, str):
        st.error(plain(file, 2000))
        st.button("Leave it", key="leave_mapping", on_click=doors.leave_unmapped)
        return
    proposal = propose(file)
    show.sentence(_why(waiting, file, proposal))
    with st.expander(f"The log's fields: {count(len(file.fields) + len(file.inner))}"):
        show.body(fields_table(file, proposal), height=360 if len(file.fields) > 10 else None)
        st.caption("Text of prompts and answers is never shown.")
    start = _start(current, waiting, proposal)
    found = _form(file, start, _prefix(waiting))
    made = _preview(current, waiting, found)
    with st.container(horizontal=True):
        used = st.button(
            "Use this mapping", key="use_mapping", type=show.emphasis(), icon=":material/check:", disabled=not made
        )
        st.button("Leave it", key="leave_mapping", on_click=doors.leave_unmapped, icon=":material/undo:")
    says = st.empty()  # below the button: above a long preview nobody would see it
    if used:
        _use(current, waiting, found, says)
    if refused := changing.refusal(_PLACE):
        says.error(f"**This mapping was not used; the plan is as it was.** {plain(refused, 2000)}")
    st.divider()


def _looked(waiting: Unmapped) -> LogFile | str:
    try:
        return with_fields(waiting.file())
    except PlannerError as error:
        return str(error)


def _prefix(waiting: Unmapped) -> str:
    return f"map_{sha256(repr(sorted(waiting.logs.items())).encode()).hexdigest()[:8]}"


def _why(waiting: Unmapped, file: LogFile, proposal: Proposal) -> str:
    if waiting.is_loaded:
        return "The log on the screen, read in another way: nothing changes until you use the mapping."
    names = ", ".join(waiting.logs)
    like = f" It is most like {proposal.like}, and lacks {', '.join(proposal.lacking)}." if proposal.like else ""
    return (
        f"{names}: of no format that is known by itself.{like} Choose the field for each column; what is chosen "
        "already is a guess by the names. Nothing is measured until you use the mapping."
    )


def fields_table(file: LogFile, proposal: Proposal) -> Table:
    """Fields with their first values; none of what may hold the text of a prompt."""
    names = [*file.fields, *file.inner][:_MOST_FIELDS]
    rows = tuple((name, "(text, not shown)" if may_be_prompt(name) else _samples(proposal, name)) for name in names)
    return Table(title="Fields of the log", columns=("field", "first values"), rows=rows, numeric=frozenset())


def _samples(proposal: Proposal, name: str) -> str:
    return ", ".join(proposal.samples.get(name, ())) or "-"


def _start(current: Loaded, waiting: Unmapped, proposal: Proposal) -> dict[str, Any]:
    """What the form starts from: the mapping of the plan where its own log is mapped anew, else the proposal."""
    usage = usage_of(current.plan.inputs.text) if waiting.is_loaded else {}
    columns = dict(proposal.columns) | usage.get("columns", {})
    request_type = usage.get("request_type", columns.pop("request_type", "request_type"))
    return {"columns": columns, "constants": usage.get("constants", {}), "request_type": request_type}


def _form(file: LogFile, start: Mapping[str, Any], prefix: str) -> Chosen:
    picked: dict[str, str] = {}
    values: dict[str, str] = {}
    with st.container(border=True):
        st.markdown("**What every request needs**")
        _choices(file, NEEDED, start, prefix, picked, values)
        includes = st.radio(
            "Does the input count include cached tokens?",
            [False, True],
            index=int(INPUT_WITH_CACHE in start["columns"]),
            format_func=lambda yes: "yes: take cache reads and writes off it" if yes else "no, or there is no cache",
            key=f"{prefix}_includes",
            horizontal=True,
            help="Anthropic's own counts do not include them; those of OpenAI-like gateways do.",
        )
        with st.expander("More columns: cache, requests, tier, keys, billed cost"):
            _choices(file, MORE, start, prefix, picked, values)
        st.markdown("**What the request type is read from**")
        types_by, fields = _types(file, start["request_type"], prefix)
    return chosen(picked, values, includes_cache=bool(includes), types_by=types_by, fields=fields)


def _choices(
    file: LogFile,
    choices: Sequence[Column],
    start: Mapping[str, Any],
    prefix: str,
    picked: dict[str, str],
    values: dict[str, str],
) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for choice in choices:
            offered = options(file, choice)
            key = f"{prefix}_{choice.name}"
            picked[choice.name] = st.selectbox(
                choice.label,
                offered,
                index=_index(offered, choice, start),
                format_func=field_words,
                key=key,
                width=_WIDTH,
                help=choice.help,
            )
            if picked[choice.name] == SAME_FOR_ALL:
                values[choice.name] = st.text_input(
                    f"{choice.label}, in every row",
                    value=start["constants"].get(choice.name, ""),
                    key=f"{key}_value",
                    width=_WIDTH,
                    max_chars=200,
                    placeholder="claude-opus-5-5" if choice.name == "model" else "",
                )


def _index(offered: Sequence[str], choice: Column, start: Mapping[str, Any]) -> int:
    columns, name = start["columns"], choice.name
    field = columns.get(name) or (columns.get(INPUT_WITH_CACHE) if name == INPUT else None)
    if field in offered:
        return list(offered).index(field)
    return list(offered).index(SAME_FOR_ALL if name in start["constants"] or name == "model" else NOT_THERE)


def field_words(field: str) -> str:
    """A field in a list to pick from."""
    return "(the name of the file)" if field == FILE_STEM else visible(field, 60)


def _types(file: LogFile, start: Any, prefix: str) -> tuple[Any, list[str]]:
    fields = plain_fields(file)
    given = _given_fields(start)
    kinds = list(TYPES_BY)
    by = st.selectbox(
        "The request type is",
        kinds,
        index=kinds.index(_given_kind(start, [name for name in given if name in fields])),
        format_func=TYPES_BY.__getitem__,
        key=f"{prefix}_types_by",
        width=380,
        help="The kind of request: a feature, a use case, an agent, or the key or workspace where nothing else says",
    )
    known = [name for name in given if name in fields]
    if by == "field":
        at = fields.index(known[0]) if known else 0
        return by, [
            st.selectbox("Field", fields, index=at, format_func=field_words, key=f"{prefix}_type", width=_WIDTH)
        ]
    if by == "prompt":
        prompts = [*(name for name in (*file.fields, *file.inner) if may_be_prompt(name)), *fields]
        at = prompts.index(given[0]) if given and given[0] in prompts else 0
        field = st.selectbox(
            "Field of the system prompt",
            prompts,
            index=at,
            format_func=field_words,
            key=f"{prefix}_prompt",
            width=_WIDTH,
        )
        return by, [field]
    if by in ("joined", "first"):
        return by, st.multiselect(
            "Fields, in their order", fields, default=known, format_func=field_words, key=f"{prefix}_types"
        )
    return by, []


def _given_fields(start: Any) -> list[str]:
    if isinstance(start, str):
        return [start]
    if isinstance(start, Mapping):
        return list(start.get("first_of", [])) or [str(start.get("system_prompt", ""))]
    return list(start)


def _given_kind(start: Any, known: Sequence[str]) -> Any:
    if isinstance(start, Mapping):
        return "prompt" if "system_prompt" in start else "first"
    if isinstance(start, str):
        return "field" if known else "none"
    return "joined"


def _preview(current: Loaded, waiting: Unmapped, found: Chosen) -> bool:
    """What the first rows become; False where the mapping cannot be used yet, and why."""
    st.markdown("**What the first rows become**")
    if found.missing:
        st.info(f"Choose a field, or one value for every row, for: {', '.join(found.missing)}.", icon=":material/info:")
        return False
    key = sha256(repr((_prefix(waiting), current.key, found)).encode()).hexdigest()
    made: tuple[str, Preview] | str = kept.once("previews", key, lambda: _previewed(current, waiting, found))
    if isinstance(made, str):
        st.info(plain(made, 2000), icon=":material/info:")
        return False
    text, rows = made
    show.body(preview_table(rows))
    show.sentence(preview_words(rows))
    with st.expander("The mapping, as the plan file will say it"):
        show.code(visible_lines(usage_toml(text)))
        st.caption("Keep it: with these lines a plan reads this log wherever it runs.")
    return bool(rows.records)


def _previewed(current: Loaded, waiting: Unmapped, found: Chosen) -> tuple[str, Preview] | str:
    """The plan's text with the mapping and the first rows under it, or why it cannot be used yet."""
    try:
        inputs = _choice(current, waiting, found).inputs
        assert inputs.usage is not None
        return inputs.text, preview(inputs.usage.source)
    except PlannerError as error:
        return str(in_their_names(error, waiting.logs))


def _choice(current: Loaded, waiting: Unmapped, found: Chosen) -> Choice:
    """The plan on the screen with the logs as they are mapped. Errors: InputError."""
    before = current.plan.inputs
    if waiting.is_loaded:
        return Choice(inputs=session.edited(with_usage(before.text, found.usage())))
    return choice_of(before, waiting.logs, found.usage(), folder=waiting.folder, is_example=doors.is_example())


def preview_table(made: Preview) -> Table:
    """The first records, a column for what the log has."""
    named = dict.fromkeys(name for record in made.records for name in record)
    names = [name for name in ("timestamp", *KEY_COLUMNS, *named) if name in named]
    names = list(dict.fromkeys(names))
    numeric = frozenset(i for i, name in enumerate(names) if name == "requests" or name.endswith("_tokens"))
    rows = tuple(
        tuple(_cell(name, record.get(name), is_number=i in numeric) for i, name in enumerate(names))
        for record in made.records
    )
    columns = tuple(name.replace("_", " ") for name in names)
    return Table(title="The first records", columns=columns or ("nothing",), rows=rows, numeric=numeric)


def _cell(name: str, value: Any, *, is_number: bool) -> str:
    if value is None:
        return "-" if is_number else UNTAGGED if name == "request_type" else ""
    return count(float(value)) if is_number else str(value)


def preview_words(made: Preview) -> str:
    """Totals of the rows that were looked at, and how many would be refused."""
    totals = ", ".join(f"{count(value)} {name.replace('_', ' ')}" for name, value in made.totals.items() if value)
    words = [f"Of the first {count(made.rows)} rows: {totals or 'nothing'}."]
    if made.other:
        words.append(f"{count(made.other)} are no usage records and are left out.")
    if made.refused:
        words.append(f"{count(made.refused)} cannot be read so: {'; '.join(made.problems)}.")
    return " ".join(words)


def _use(current: Loaded, waiting: Unmapped, found: Chosen, says: Any) -> None:
    if waiting.is_loaded:
        changing.change_plan(
            lambda: _choice(current, waiting, found).inputs.text,
            what="how the log is read",
            refused=changing.refused_at(_PLACE),
            says=says,
        )
    before, of_example = current.plan.inputs, doors.is_example()

    def choose(report: Report) -> Choice:
        return choice_of(before, waiting.logs, found.usage(), folder=waiting.folder, is_example=of_example)

    door = doors.log_door(choose, "mapped", logs=waiting.logs)
    taken(says, door, f"mapped {_prefix(waiting)} {found}", place=_PLACE)
