"""How the workbook looks: every cell style, with the number of characters that a value takes in it.

Blue on yellow is typed in, bold on grey is a heading; nothing is told by colour alone, so that it prints in grey.
"""

from collections.abc import Mapping
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format

FONT: Final = "Arial"
FONT_SIZE: Final = 10
DARK: Final = "#1F2A44"
RULE: Final = "#8A93A6"

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
    "valign": "top",
}
_HEADER: Final = {"bold": True, "bg_color": "#D9DEE8", "bottom": 1, "text_wrap": True, "valign": "bottom"}

_STYLES: Final[Mapping[str, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 16, "font_color": DARK},
    "subtitle": {"bold": True, "font_size": 12, "font_color": DARK, "bottom": 1, "bottom_color": RULE},
    "note": {"font_color": "#444444", "text_wrap": True, "valign": "top"},
    "lead": {"font_size": 12, "text_wrap": True, "valign": "top"},
    "header": _HEADER,
    "header_right": {**_HEADER, "align": "right"},
    "text": {"valign": "top", "text_wrap": True},
    "label": {"valign": "top"},
    "label_after": {"align": "left", "valign": "top", "indent": 2},
    "text_after": {"align": "left", "valign": "top", "text_wrap": True, "indent": 2},
    "header_after": {**_HEADER, "align": "left", "indent": 2},
    "bold": {"bold": True, "valign": "top"},
    "right": {"align": "right", "valign": "top"},
    "right_text": {"align": "right", "valign": "top", "text_wrap": True},
    "flag": {"bold": True, "align": "center", "border": 1, "valign": "top"},
    "total_text": {"bold": True, "top": 1, "valign": "top"},
    "input_text": {"align": "right", **_INPUT},
    "input_words": {"align": "left", "text_wrap": True, **_INPUT},
    "input_form": {"align": "left", "text_wrap": True, **_INPUT},
    "input_date": {"align": "left", "num_format": "yyyy-mm-dd", **_INPUT},
    **{name: {"num_format": code, "valign": "top", "align": "right"} for name, (code, _) in _NUMBER_FORMATS.items()},
    **{
        f"total_{name}": {"num_format": code, "align": "right", "bold": True, "top": 1, "valign": "top"}
        for name, (code, _) in _NUMBER_FORMATS.items()
    },
    **{
        f"bold_{name}": {"num_format": code, "align": "right", "bold": True, "valign": "top"}
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


def shown_length(value: float | str | bool, style: str) -> int:
    """Characters that a value takes when shown in a style."""
    if isinstance(value, str | bool):
        return len(str(value))
    for prefix in ("", "total_", "bold_", "input_"):
        name = style.removeprefix(prefix)
        if name in _NUMBER_FORMATS:
            return len(_NUMBER_FORMATS[name][1].format(value)) + (1 if prefix else 0)
    return len(f"{value:.10g}")
