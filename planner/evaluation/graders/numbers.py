"""The grader of numbers: the last number of an answer against the expected one.

How a number is read, once and for all languages:

- a minus in any of its shapes is a sign where no letter, digit or closing bracket stands before it and no space after
  it; `$-5` and `-$5` are -5;
- currency and percent signs are left aside: 12.5% is 12.5;
- with both a point and a comma the later one is the decimal sign: 1,234.5 and 1.234,5 are the same;
- the same sign several times groups thousands: 1,234,567 and 1.234.567;
- one comma groups thousands where one to three digits, the first no zero, stand before it and exactly three after it
  (1,234), else it is a decimal sign (1,5); one point is a decimal sign always (1.234);
- apostrophes, underscores and narrow spaces group thousands;
- an exponent is 1e5, 1E-5, 1 x 10^5 and the like;
- digits that go on from a Latin letter (H2) are no number; a run that is none by these rules (1.2.3) cannot be read.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from typing import Final

from planner.evaluation.evaluation import Answer, NumberGrader, SampleRequest
from planner.evaluation.graders.grades import Grade, expected_value, unusable

_CONTEXT: Final = Context(prec=1_500, Emax=999_999, Emin=-999_999, traps=[])
"""Exact for sums of any two doubles, and of any two numbers that are read here."""

_LARGEST_EXPONENT: Final = 308
_LONGEST_RUN: Final = 400
_FULL_WIDTH: Final = {ord("０") + digit: str(digit) for digit in range(10)}
_SHAPES: Final = str.maketrans(_FULL_WIDTH | dict.fromkeys(map(ord, "−﹣－‒–"), "-") | {ord("．"): ".", ord("，"): ","})
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED_POWER: Final = re.compile("(?<![0-9])10(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_GROUPERS: Final = "'’_\u00a0\u2009\u202f"
_NUMBER: Final = re.compile(
    rf"""(?<![A-Za-z0-9])(?<![0-9][.,{_GROUPERS}])
    (?P<run>[0-9]++(?:[.,{_GROUPERS}][0-9]++)*+|\.[0-9]++)
    (?:[eE](?P<exponent>[+-]?[0-9]{{1,6}}+)
      |[ ]?[x×*·][ ]?10[ ]?(?:\^|\*\*)[ ]?(?:\{{(?P<braced>[+-]?[0-9]{{1,6}}+)\}}|(?P<power>[+-]?[0-9]{{1,6}}+)))?""",
    re.VERBOSE,
)
_CURRENCY: Final = re.compile(r"[$€£¥₹][ ]?$")
_AROUND: Final = re.compile(r"[-+$€£¥₹%\s]*")


def grade_number(grader: NumberGrader, answer: Answer, request: SampleRequest) -> Grade:
    """The last number of the answer is the expected one within the absolute or the relative tolerance.

    Errors: InputError naming the request whose expected value is no finite number; UnusableReferenceError.
    """
    expected = expected_number(request)
    found = last_number(answer.text)
    if found is None:
        return Grade(passed=False, reason="no number")
    allowed = max(Decimal(str(grader.absolute)), _CONTEXT.multiply(Decimal(str(grader.relative)), expected.copy_abs()))
    near = _CONTEXT.subtract(found, expected).copy_abs() <= allowed
    return Grade(passed=near, reason="number within tolerance" if near else "number differs")


def expected_number(request: SampleRequest) -> Decimal:
    """The number that a request expects: a JSON number, a text that is one number, the last one of a reference answer.

    Errors: as grade_number.
    """
    value = expected_value(request)
    found: Decimal | None = None
    if isinstance(value, str):
        found = last_number(value) if not request.has_expected or _is_one_number(value) else None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _in_range(Decimal(value) if isinstance(value, int) else Decimal(repr(value)))
    if found is None:
        raise unusable(request, "is no finite number" if request.has_expected else "holds no number")
    return found


def last_number(text: str) -> Decimal | None:
    """The last number of a text; None where there is none, or the last cannot be read or is beyond a double's range."""
    found = deque(_numbers(text), maxlen=1)
    return found[0] if found else None


def _numbers(text: str) -> Iterator[Decimal | None]:
    plain = _plain(text)
    for found in _NUMBER.finditer(plain):
        exponent = found["exponent"] or found["braced"] or found["power"] or "0"
        size = _read(found["run"])
        if size is None:
            yield None
            continue
        signed = Decimal(f"{'-' if _is_negative(plain, found.start()) else ''}{size}e{exponent}")
        yield _in_range(signed)


def _plain(text: str) -> str:
    """Text whose digits, signs and raised exponents have one shape."""
    return _RAISED_POWER.sub(lambda found: f"10^{found[1].translate(_RAISED)}", text.translate(_SHAPES))


def _is_negative(text: str, start: int) -> bool:
    """Whether a minus that is a sign stands before the number that starts there."""
    before = _CURRENCY.sub("", text[max(start - 4, 0) : start])
    return before.endswith("-") and not (before[-2:-1].isalnum() or before[-2:-1] in tuple(")]}%"))


def _read(run: str) -> str | None:
    """Digits and separators as a plain decimal; None where they are no number in any writing."""
    separators = [char for char in run if not char.isdigit()]
    kinds = list(dict.fromkeys(separators))
    if len(run) > _LONGEST_RUN or len(kinds) > 2:
        return None
    if len(kinds) == 2:
        whole, _, decimals = run.rpartition(kinds[1])
        joined = _joined(whole.split(kinds[0]), kinds[0])
        return f"{joined}.{decimals}" if joined is not None and kinds[1] in ".," and decimals.isdigit() else None
    if not separators or separators == ["."]:
        return f"0{run}"
    if separators == [","] and not re.fullmatch("[1-9][0-9]{0,2},[0-9]{3}", run):
        return run.replace(",", ".")
    return _joined(run.split(kinds[0]), kinds[0])


def _joined(groups: Sequence[str], separator: str) -> str | None:
    """Groups of thousands as one run of digits, with commas also lakhs and crores; None where they are none."""
    if len(groups) < 2:
        return None
    first, *middle, last = groups
    sizes = {len(group) for group in middle}
    fits = sizes <= {3} or (separator == "," and sizes == {2})
    is_grouped = 1 <= len(first) <= 3 and len(last) == 3 and fits and all(group.isdigit() for group in groups)
    return "".join(groups) if is_grouped else None


def _in_range(value: Decimal) -> Decimal | None:
    return value if value == 0 or (value.is_finite() and value.adjusted() <= _LARGEST_EXPONENT) else None


def _is_one_number(text: str) -> bool:
    """Whether a text is one number with at most its sign, a currency and a percent sign."""
    plain = _plain(text)
    found = list(_NUMBER.finditer(plain))
    return len(found) == 1 and _AROUND.fullmatch(plain[: found[0].start()] + plain[found[0].end() :]) is not None
