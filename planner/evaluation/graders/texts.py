"""Graders of texts: exact, normalised, by a pattern."""

import re
import unicodedata
from typing import Final

from planner.errors import InputError
from planner.evaluation.evaluation import Answer, ExactGrader, PatternGrader, SampleRequest, TextGrader
from planner.evaluation.graders.grades import Grade, expected_text

LONGEST_SEARCHED: Final = 100_000
"""Characters of an answer beyond which no pattern is searched for: time grows with at least the length."""

_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-") | dict.fromkeys("’‘ʼ`´", "'"))
_IN_A_NUMBER: Final = re.compile(r"(?<=\d)[.,:/](?=\d)|(?<!\w)-(?=\d)")
_IN_A_WORD: Final = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")


def grade_exact(grader: ExactGrader, answer: Answer, request: SampleRequest) -> Grade:
    """Both texts without the white space around them, character by character."""
    same = answer.text.strip() == expected_text(request).strip()
    return Grade(passed=same, reason="same text" if same else _differs(answer))


def grade_text(grader: TextGrader, answer: Answer, request: SampleRequest) -> Grade:
    """Both texts normalised. Where the expected one is all punctuation, punctuation counts."""
    expected = expected_text(request)
    keep = grader.keep_punctuation or not normalised(expected)
    same = normalised(answer.text, keep_punctuation=keep) == normalised(expected, keep_punctuation=keep)
    return Grade(passed=same, reason="same text" if same else _differs(answer))


def normalised(text: str, *, keep_punctuation: bool = False) -> str:
    """Text in compatibility form (NFKC), case folded, runs of white space one space, none around it.

    Without punctuation, unless it is kept: an apostrophe inside a word goes, every other sign becomes a space. What
    makes a number another number stays: points, commas, colons and slashes between two digits, a minus before one.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text)).casefold())
    folded = unicodedata.normalize("NFKC", folded.casefold())
    if not keep_punctuation:
        folded = _without_punctuation(_IN_A_WORD.sub("", folded.translate(_DASHES)))
    return " ".join(folded.split())


def _without_punctuation(text: str) -> str:
    kept = {match.start() for match in _IN_A_NUMBER.finditer(text)}
    return "".join(
        " " if unicodedata.category(char).startswith("P") and index not in kept else char
        for index, char in enumerate(text)
    )


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression of a plan. Errors: InputError for one that is none, naming its key."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(f"pattern = '{pattern[:60]}' is no regular expression: {error}; correct it") from None


def grade_pattern(grader: PatternGrader, answer: Answer, request: SampleRequest) -> Grade:
    """The pattern anywhere in the answer; with `whole`, the answer without the white space around it."""
    text = answer.text
    if len(text) > LONGEST_SEARCHED:
        return Grade(passed=False, reason=f"longer than {LONGEST_SEARCHED:,} characters")
    pattern = compiled(grader.pattern)
    found = pattern.fullmatch(text.strip()) if grader.whole else pattern.search(text)
    return Grade(passed=found is not None, reason="pattern not found" if found is None else "pattern found")


def _differs(answer: Answer) -> str:
    return "text differs" if answer.text.strip() else "no text"
