"""Widths of text: those of the font itself, and lines as a slow reader would break them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from planner.workbook.text_width import ON_SCREEN, line_count, longest_word, text_width

LETTERS = "".join(map(chr, range(32, 127))) + "±•–×≥≤’“”€·"
WORDS = some.lists(some.text("aeilmtwWM., 0189$%", max_size=12), max_size=30).map(" ".join)


def font_file(style: str) -> Path | None:
    """The file of Liberation Sans, which has the widths of Arial, where the machine has it."""
    if shutil.which("fc-match") is None:
        return None
    query = ["fc-match", "-f", "%{family}|%{file}", f"Liberation Sans:style={style}"]
    family, _, file = subprocess.run(query, capture_output=True, text=True, check=True).stdout.partition("|")
    return Path(file) if family == "Liberation Sans" else None


@pytest.mark.parametrize(("style", "bold"), [("Regular", False), ("Bold", True)])
def test_widths_are_those_of_the_font(style: str, bold: bool) -> None:
    file = font_file(style)
    if file is None:
        reason = "needs the font Liberation Sans, which this machine does not have"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}. CI must have it: see .ci/run.")
        pytest.skip(reason)
    fonts = pytest.importorskip("PIL.ImageFont")
    font = fonts.truetype(str(file), 2048, layout_engine=fonts.Layout.BASIC)
    digit = font.getlength("0")
    for letter in LETTERS:
        assert text_width(letter, bold=bold) == pytest.approx(font.getlength(letter) / digit, abs=0.002), letter


def test_a_width_is_counted_in_digits_of_the_default_font() -> None:
    assert text_width("0123456789") == 10
    assert text_width("0123456789", size=20) == 20
    assert text_width("") == 0


@pytest.mark.parametrize(("text", "like"), [("é", "e"), ("Ä", "A"), ("ñ", "n")])
def test_an_accent_stands_on_its_letter(text: str, like: str) -> None:
    assert text_width(text) == text_width(like)


def test_letters_that_are_not_known_are_taken_to_be_wide() -> None:
    assert text_width("漢") > text_width("W") > text_width("ж") > text_width("e")


def slow_lines(text: str, room: float) -> int:
    """Word after word onto a line as long as the line so written is not too wide."""
    lines = []
    for paragraph in text.split("\n"):
        line: str | None = None
        for word in paragraph.split(" "):
            longer = word if line is None else f"{line} {word}"
            if line is not None and text_width(longer) > room:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return len(lines)


@given(WORDS, some.floats(15, 60))
def test_lines_are_those_of_a_slow_reader_where_every_word_fits_a_line(text: str, width: float) -> None:
    room = width / ON_SCREEN
    if longest_word(text) <= room:
        assert abs(line_count(text, width) - slow_lines(text, room * (1 + 1e-12))) == 0


@given(WORDS, some.floats(5, 60), some.floats(0, 60))
def test_a_wider_column_never_needs_more_lines_and_lines_hold_the_text(text: str, width: float, more: float) -> None:
    lines = line_count(text, width)
    assert line_count(text, width + more) <= lines
    assert lines * width >= text_width(text.replace(" ", "")) - 1e-9
    assert line_count(f"{text}\n{text}", width) == 2 * lines
