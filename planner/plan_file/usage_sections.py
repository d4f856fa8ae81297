"""[usage]: where the log is, how it is read, which request types it has, and what is left out."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, field_validator

from planner.billed.records import Invoice
from planner.errors import InputError
from planner.exclusions import Exclusion
from planner.plan_file.section import Name, Section
from planner.usage.columns import OWNERS
from planner.usage.readings import Reading
from planner.usage.rules import RuleField, TypeRule
from planner.usage.secrets import masked

FieldNames = Annotated[list[Name], Field(min_length=1, strict=True)]
_CONDITIONS: Final = ("request_type", "model", *OWNERS)


class WindowSection(Section):
    """Days that count, both ends included."""

    from_: date | None = Field(default=None, alias="from")
    to: date | None = None


class ExclusionSection(Section):
    """[[usage.exclude]]: traffic that must not feed a forward commitment, and why; all that fits each condition."""

    request_type: Name | None = Field(
        default=None, description="types to leave out, a pattern as in rules; without it, every type"
    )
    model: Name | None = Field(default=None, description="as the log or as the price list names it")
    customer: Name | None = Field(default=None, description="whose requests to leave out")
    api_key: Name | None = Field(default=None, description='as shown: an identifier, or "key " and six digits')
    workspace: Name | None = Field(default=None, description="the workspace, project or team of the key")
    agent: Name | None = Field(default=None, description="the agent that asked")
    product: Name | None = Field(default=None, description="the product of the provider, such as messages_api")
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    reason: Annotated[str, Field(min_length=1)]

    def exclusion(self, place: str) -> Exclusion:
        """The same for the engine. place: where it stands in the file. Errors: InputError without any condition."""
        conditions = {name: getattr(self, name) for name in _CONDITIONS}
        if not (any(conditions.values()) or self.from_ or self.to):
            raise InputError(f"{place}: name a request_type, {', '.join(_CONDITIONS[1:])}, or days with from and to")
        if self.from_ and self.to and self.from_ > self.to:
            raise InputError(f"{place}: from = {self.from_} is after to = {self.to}; swap them")
        shown = {name: None if value is None else masked(value) for name, value in conditions.items()}
        return Exclusion(**shown, from_=self.from_, to=self.to, reason=self.reason)


class RuleSection(Section):
    """[[usage.rule]]: use that fits the pattern counts as this request type; the first rule that fits wins."""

    pattern: Name = Field(description="`*` is any text, `?` one character, case does not matter")
    request_type: Name = Field(description="what such use is called from then on")
    field: RuleField | None = Field(
        default=None, description="what the pattern is matched with; default: the request type as it is read"
    )
    only_untagged: bool = Field(default=False, description="leave use alone that has a type already")

    def rule(self) -> TypeRule:
        """The same for the engine."""
        return TypeRule(
            pattern=masked(self.pattern),
            request_type=self.request_type,
            field=self.field,
            only_untagged=self.only_untagged,
        )


class InvoiceSection(Section):
    """[[usage.invoice]]: a total that was billed, typed in, to compare the log with."""

    month: Annotated[str, Field(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")] = Field(
        description='the month that it bills, as in "2026-06"'
    )
    amount_usd: Annotated[float, Field(ge=-1e12, le=1e12)] = Field(
        description="what was billed, after discounts and before credits and taxes; below 0: a credit"
    )
    list_usd: Annotated[float, Field(ge=0, le=1e12)] | None = Field(
        default=None, description="the same at list, where the invoice says it"
    )
    model: Name | None = Field(default=None, description="the model that it is for; left out: everything of the month")
    note: str = Field(default="", description="where the figure comes from")

    def invoice(self) -> Invoice:
        """The same for the engine. Amounts as they are typed: a float's shortest decimal is what the file says."""
        return Invoice(
            month=self.month,
            amount_usd=Decimal(str(self.amount_usd)),
            model=self.model or "",
            list_usd=None if self.list_usd is None else Decimal(str(self.list_usd)),
            note=self.note,
        )


class RequestTypeSection(Section):
    """[usage.request_type]: types from the first of several fields that has a value, or by the system prompt."""

    first_of: FieldNames | None = Field(
        default=None, description="fields, or columns such as api_key, of which the first that has a value counts"
    )
    system_prompt: Name | None = Field(default=None, description="field of the system prompt; shown as its digest")


class UsageSection(Section):
    """[usage]: where the log is and how it is read; beside [[mix]], without sources, how actual use is read."""

    sources: FieldNames | None = Field(
        default=None, description="files, folders or globs, relative to the plan; left out beside [[mix]]"
    )
    format: Name = "auto"
    request_type: Name | FieldNames | RequestTypeSection = Field(
        default="request_type",
        description="the field that names the request type; a list of fields is joined; or first_of, system_prompt",
    )
    columns: dict[str, Name] = Field(default_factory=dict, description="canonical column = column of the log")
    constants: dict[str, Name] = Field(default_factory=dict, description="canonical column = value for every row")
    rule: list[RuleSection] = Field(default_factory=list)
    window: WindowSection | None = None
    exclude: list[ExclusionSection] = Field(default_factory=list)
    billed: list[Name] = Field(
        default_factory=list, description="files, globs or folders of what was billed, to compare the log with"
    )
    invoice: list[InvoiceSection] = Field(default_factory=list)
    skip_bad_rows: bool = False
    engine: Name | None = Field(
        default=None,
        description="what measures in place of DuckDB: `spark://local[2]`, `postgres://USER@HOST/DATABASE` and others; "
        "never a password; of a database, sources are tables",
    )

    @field_validator("request_type", mode="before")
    @classmethod
    def _one_way(cls, value: object) -> object:
        """One message in place of one for each way that a value does not fit."""
        if isinstance(value, dict):
            is_one_way = len(value.keys() & RequestTypeSection.model_fields.keys()) < 2 and bool(value)
        else:
            fields = value if isinstance(value, list) else [value]
            is_one_way = bool(fields) and all(isinstance(field, str) and field for field in fields)
        if not is_one_way:
            raise ValueError(
                "write a field, a list of fields to join, { first_of = [fields] }, or { system_prompt = field }"
            )
        return value


def request_type_reading(given: str | list[str] | RequestTypeSection) -> str | Reading:
    """How the request type is read."""
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        return Reading(paths=tuple(given), take="joined")
    if given.system_prompt is not None:
        return Reading(paths=(given.system_prompt,), take="digest")
    assert given.first_of is not None
    return Reading(paths=tuple(given.first_of))
