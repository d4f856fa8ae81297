"""A digest of assumptions: the same for the same values, another for any other, whatever is shared between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from planner.digest import digest


@dataclass(frozen=True, kw_only=True)
class Part:
    """Anything with a number, an array, a mapping and parts of its own."""

    number: float = 1.0
    array: np.ndarray = field(default_factory=lambda: np.arange(3.0))
    named: Mapping[str, float] = field(default_factory=dict)
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Other(Part):
    """The same fields under another name."""


def test_equal_values_have_one_digest_whether_shared_or_not():
    shared = Part(named={"a": 1.0})
    assert digest(Part(parts=(shared, shared))) == digest(Part(parts=(Part(named={"a": 1.0}), replace(shared))))


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 2.0},
        {"number": 1},
        {"array": np.arange(3)},
        {"array": np.arange(4.0)},
        {"array": np.array([[0.0, 1.0, 2.0]])},
        {"named": {"a": 1.0}},
        {"parts": (Part(),)},
    ],
)
def test_any_change_changes_the_digest_however_deep_it_stands(changed: dict[str, Any]):
    plain = Part()
    assert digest(replace(plain, **changed)) != digest(plain)
    deep = Part(parts=(plain, Part(parts=(plain,))))
    assert digest(replace(deep, parts=(plain, Part(parts=(replace(plain, **changed),))))) != digest(deep)


def test_kind_order_and_nesting_count():
    one, two = Part(number=1.0), Part(number=2.0)
    found = {digest(one, two), digest(two, one), digest((one, two)), digest(one, (two,)), digest(Other(), two)}
    assert len(found) == 5
    assert digest({"a": 1, "b": 2}) != digest({"a": 2, "b": 1})


def test_parts_that_meet_again_and_again_are_read_once():
    """2^40 ways lead to the first part."""
    part = Part()
    for _ in range(40):
        part = Part(parts=(part, part))
    assert digest(part) == digest(part)
