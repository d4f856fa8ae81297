"""How the workbook looks: every cell style, with the width that a value takes in it.

Blue on yellow is typed in, bold on grey is a heading; nothing is told by colour alone, so that it prints in grey.
"""

from collections.abc import Mapping
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from planner.workbook.text_width import text_width

FONT: Final = "Arial"
FONT_SIZE: Final = 10
DARK: Final = "#1F2A44"
RULE: Final = "#8A93A6"
INDENT_WIDTH: Final = 3.0
"""Of an indented text, in column widths."""

_NUMBER_FORMATS: Final = {
    "usd": ("$#,##0;-$#,##0", "${:,.0f}"),
    "usd_cents": ("$#,##0.00;-$#,##0.00", "${:,.2f}"),
    "usd_small": ("$0.000000;-$0.000000", "${:.6f}"),
    "usd_most": ('"at most "$#,##0', "at most ${:,.0f}"),
    "usd_rate": ("$#,##0.00##;-$#,##0.00##", "${:,.4f}"),
    "percent": ("0.0%", "{:.1%}"),
    "percent_least": ('"at least "0.00%', "at least {:.2%}"),
    "percent_fine": ("0.0000%", "{:.4%}"),
    "count": ("#,##0", "{:,.0f}"),
    "number": ("#,##0.00", "{:,.2f}"),
    "plain": ("General", "{:.6g}"),
    "tiny": ("0.0E+00", "{:.1E}"),
    "date": ("yyyy-mm-dd", "2026-12-31"),
}
_INPUT: Final = {
    "font_color": "#0000FF",
    "bg_color": "#FFF6C9",
    "border": 1,
    "border_color": RULE,
    "locked": False,
    "valign": "vcenter",
}
_HEADER: Final = {"bold": True, "bg_color": "#D9DEE8", "bottom": 1, "text_wrap": True, "valign": "bottom"}

_STYLES: Final[Mapping[str, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 16, "font_color": DARK},
    "subtitle": {"bold": True, "font_size": 12, "font_color": DARK, "bottom": 1, "bottom_color": RULE},
    "note": {"font_color": "#444444", "text_wrap": True, "valign": "vcenter"},
    "lead": {"font_size": 12, "text_wrap": True, "valign": "vcenter"},
    "header": _HEADER,
    "header_right": {**_HEADER, "align": "right"},
    "text": {"valign": "vcenter", "text_wrap": True},
    "label": {"valign": "vcenter"},
    "label_after": {"align": "left", "valign": "vcenter", "indent": 2},
    "text_after": {"align": "left", "valign": "vcenter", "text_wrap": True, "indent": 2},
    "header_after": {**_HEADER, "align": "left", "indent": 2},
    "bold": {"bold": True, "valign": "vcenter"},
    "right": {"align": "right", "valign": "vcenter", "text_wrap": True},
    "flag": {"bold": True, "align": "center", "border": 1, "valign": "vcenter"},
    "total_text": {"bold": True, "top": 1, "valign": "vcenter"},
    "input_text": {"align": "right", **_INPUT},
    "input_words": {"align": "left", "text_wrap": True, **_INPUT},
    "input_date": {"align": "left", "num_format": "yyyy-mm-dd", **_INPUT},
    **{
        name: {"num_format": code, "valign": "vcenter", "align": "right"} for name, (code, _) in _NUMBER_FORMATS.items()
    },
    **{
        f"total_{name}": {"num_format": code, "align": "right", "bold": True, "top": 1, "valign": "vcenter"}
        for name, (code, _) in _NUMBER_FORMATS.items()
    },
    **{
        f"bold_{name}": {"num_format": code, "align": "right", "bold": True, "valign": "vcenter"}
        for name, (code, _) in _NUMBER_FORMATS.items()
    },
    **{
        f"input_{name}": {"num_format": code, "align": "right", **_INPUT} for name, (code, _) in _NUMBER_FORMATS.items()
    },
}


def make_styles(workbook: Workbook) -> Mapping[str, Format]:
    """Every style as a format of this workbook, by name."""
    return {name: workbook.add_format(properties) for name, properties in _STYLES.items()}


WRAPPED: Final = frozenset(name for name, properties in _STYLES.items() if properties.get("text_wrap"))
"""Styles whose text goes on in a next line, so that its row must be made high enough."""


def font_of(style: str) -> tuple[float, bool]:
    """Size in points, and whether it is bold."""
    return _FONTS[style]


_FONTS: Final = {
    name: (properties.get("font_size", FONT_SIZE), properties.get("bold", False))
    for name, properties in _STYLES.items()
}


def shown_width(value: float | str | bool, style: str) -> float:
    """The width that a value takes when shown in a style, in column widths."""
    size, bold = font_of(style)
    indent = INDENT_WIDTH if "indent" in _STYLES[style] else 0.0
    return text_width(_shown(value, style), size=size, bold=bold) + indent


_SHOWN: Final = {
    name: next(
        (
            _NUMBER_FORMATS[base][1].format
            for prefix in ("", "total_", "bold_", "input_")
            if (base := name.removeprefix(prefix)) in _NUMBER_FORMATS
        ),
        "{:.10g}".format,
    )
    for name in _STYLES
}
"""How each style shows a number."""


def _shown(value: float | str | bool, style: str) -> str:
    if isinstance(value, str | bool):
        return str(value).upper() if isinstance(value, bool) else value
    return _SHOWN[style](value)
