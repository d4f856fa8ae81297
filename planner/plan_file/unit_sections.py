"""[[business_unit]] of the plan file: who shares a commitment, as written, and as the engine's noun."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from planner.errors import InputError
from planner.inputs import EVERYTHING_ELSE, BusinessUnit
from planner.plan_file.section import Name, Section


class BusinessUnitSection(Section):
    """[[business_unit]]: a part of the company with request types of its own, for `planner units`."""

    name: Name = Field(description="what the unit is called; each name once")
    request_types: Annotated[list[Name], Field(min_length=1)] = Field(
        description="the types that are its own; what no unit has, and fixed spend, is a unit by itself"
    )


def business_units_of(sections: Sequence[BusinessUnitSection]) -> tuple[BusinessUnit, ...]:
    """The business units of a plan. Errors: InputError for a name that is taken, and for a type that two units have."""
    names: set[str] = set()
    owners: dict[str, str] = {}
    for index, section in enumerate(sections, start=1):
        place = f"business_unit[{index}]"
        if section.name in names:
            raise InputError(f"{place}: '{section.name}' is there twice; put its request_types into one entry")
        if section.name == EVERYTHING_ELSE:
            raise InputError(
                f"{place}: '{EVERYTHING_ELSE}' is what no unit has is called; give the unit another name, or leave the "
                "entry out"
            )
        names.add(section.name)
        for name in section.request_types:
            if name in owners:
                raise InputError(
                    f"{place}: request type '{name}' belongs to '{owners[name]}' already; a type has one unit, so name "
                    "it once"
                )
            owners[name] = section.name
    return tuple(BusinessUnit(name=item.name, request_types=tuple(item.request_types)) for item in sections)
