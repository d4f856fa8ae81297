"""A chart of the program as SVG inside a page: drawn without a network, without ids, links or scripts."""

from typing import Any, Final, Protocol
from xml.etree import ElementTree

import vl_convert

from planner.charts.style import Palette

_SVG: Final = "http://www.w3.org/2000/svg"
_VEGA_LITE: Final = "6.4"
_ELEMENTS: Final = frozenset({"svg", "g", "path", "rect", "line", "text", "tspan", "circle", "polygon"})
_ATTRIBUTES: Final = frozenset(
    {
        *("d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "points", "width", "height", "viewBox"),
        *("transform", "fill", "fill-opacity", "opacity", "stroke", "stroke-width", "stroke-dasharray"),
        *("stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "stroke-opacity", "text-anchor", "display"),
        *("font-size", "font-weight", "font-style"),
    }
)
"""What a drawing may consist of; everything else that the converter writes is for interaction, and is left out."""


class Chart(Protocol):
    """A chart of planner.charts."""

    def properties(self, **settings: Any) -> Any:
        """The chart with another width or height, in pixels."""


def drawn(chart: Chart, palette: Palette, says: str, *, width: int, height: int) -> str:
    """The chart as an <svg> element. says: in words, for who cannot see it; width, height: of the plot, in pixels."""
    sized = chart.properties(width=width, height=height).to_dict()
    text = vl_convert.vegalite_to_svg(sized, vl_version=_VEGA_LITE, config=_config(palette), allowed_base_urls=[])
    root = ElementTree.fromstring(text)
    _keep_what_is_seen(root)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": says}
    return ElementTree.tostring(root, encoding="unicode")


def _config(palette: Palette) -> dict[str, Any]:
    """Colours of a ground. Arial is measured as Liberation Sans, which the converter brings along."""
    lines = {"gridColor": palette.muted, "gridOpacity": 0.25, "domainColor": palette.muted, "tickColor": palette.muted}
    return {
        "background": None,
        "font": "Arial",
        "view": {"stroke": None},
        "title": {"anchor": "start", "color": palette.ink},
        "axis": {"labelColor": palette.ink, "titleColor": palette.ink, "titleFontWeight": "normal", **lines},
        "legend": {"labelColor": palette.ink, "titleColor": palette.ink},
    }


def _keep_what_is_seen(element: ElementTree.Element) -> None:
    """Drop elements and attributes that are not of the drawing, and namespaces: in a page, SVG needs none."""
    for child in list(element):
        if child.tag.removeprefix(f"{{{_SVG}}}") not in _ELEMENTS or child.get("opacity") == "0":
            element.remove(child)
        else:
            _keep_what_is_seen(child)
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    element.attrib = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
