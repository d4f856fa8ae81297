"""What every chart has to have, read off its specification: words, axes with units, labels on marks, exact tooltips."""

import json
import re
from collections.abc import Iterator
from typing import Any

UNIT = re.compile(
    r"USD|%|\bpoints\b|\bmonths?\b|\bdays?\b|\brequests?\b|\banswers?\b|\btokens?\b|\bfolds?\b|\bpaths?\b|\byears?\b|\bfutures\b|\bforecasts?\b"
)
"""A quantity says what it is counted in."""
SHARE_FORMAT = re.compile(r"\.(\d)%")


def chart_faults(spec: dict[str, Any], says: str) -> list[str]:
    """What a chart lacks; empty for one that has it all."""
    title = spec.get("title") or {}
    name = str(title.get("text", "a chart without a title"))
    is_named = bool(title.get("text") and title.get("subtitle")) or _panels_named(spec)
    found = [] if is_named else ["no title, or no line on how to read it"]
    found += [] if len(says) > 20 else ["says nothing to those who do not see it"]
    found += _axis_faults(spec)
    if not any(_mark(layer) == "text" for layer in _layers(spec)):
        found.append("no words on its marks")
    found += _colour_faults(spec)
    for tip in _tips(spec):
        found += _tip_faults(tip)
    if re.search(r"\b(NaN|Infinity)\b", json.dumps(spec, default=str)):
        found.append("a figure that is none")
    return [f"{name}: {fault}" for fault in dict.fromkeys(found)]


def _panels_named(spec: dict[str, Any]) -> bool:
    """Whether a view of several panels, one below the other, has a title over each that has an axis."""
    panels = [panel for panel in spec.get("vconcat", ()) if _channels(panel, "x")]
    return bool(panels) and all(panel.get("title", {}).get("text") for panel in panels)


def _layers(spec: Any) -> Iterator[dict[str, Any]]:
    """Every part of a specification that draws."""
    if isinstance(spec, dict):
        if "mark" in spec and "encoding" in spec:
            yield spec
        for key in ("layer", "hconcat", "vconcat", "concat"):
            for part in spec.get(key, ()):
                yield from _layers(part)
        yield from _layers(spec.get("spec"))


def _mark(layer: dict[str, Any]) -> str:
    mark = layer["mark"]
    return mark if isinstance(mark, str) else mark["type"]


def _channels(spec: Any, channel: str) -> list[dict[str, Any]]:
    return [layer["encoding"][channel] for layer in _layers(spec) if channel in layer["encoding"]]


def _axis_faults(spec: Any) -> list[str]:
    found = []
    for name in ("x", "y"):
        channels = [channel for channel in _channels(spec, name) if channel.get("axis", {}) is not None]
        if not channels:
            continue
        titles = {channel["title"] for channel in channels if channel.get("title")}
        if not titles:
            found.append(f"no title on {name}")
        elif any(channel.get("type") == "quantitative" for channel in channels) and not all(map(UNIT.search, titles)):
            found.append(f"no unit on {name}: {sorted(titles)}")
    return found


def _colour_faults(spec: Any) -> list[str]:
    """What a legend explains by colour has to differ in something else, too."""
    else_told = {
        layer["encoding"][channel].get("field")
        for layer in _layers(spec)
        for channel in ("shape", "strokeDash", "text")
        if channel in layer["encoding"]
    }
    else_told |= {
        layer["encoding"]["fill"].get("field")
        for layer in _layers(spec)
        if "fill" in layer["encoding"] and layer["encoding"].get("stroke", {}) != layer["encoding"]["fill"]
    }  # some are hollow
    fields = {
        channel.get("field")
        for name in ("color", "fill", "stroke")
        for channel in _channels(spec, name)
        if channel.get("field") and channel.get("scale", {}) is not None and channel.get("legend", {}) is not None
    }
    return [f"{field} told by colour alone" for field in sorted(fields - else_told)]


def _tips(spec: Any) -> Iterator[dict[str, Any]]:
    for layer in _layers(spec):
        tips = layer["encoding"].get("tooltip", [])
        yield from tips if isinstance(tips, list) else [tips]


def _tip_faults(tip: dict[str, Any]) -> list[str]:
    field, form = tip.get("field"), tip.get("format", "")
    if tip.get("type") == "quantitative" and not form:
        return [f"a tooltip unrounded: {field}"]
    if "_" in str(tip.get("title", field)):
        return [f"a tooltip named by its column: {field}"]
    if "$" in form and not re.fullmatch(r"\+?\$,?\.\d+f", form):
        return [f"a tooltip that is not exact: {field} {form}"]
    if (share := SHARE_FORMAT.search(form)) and share.group(1) != "1":
        return [f"a tooltip without one decimal of a percent: {field} {form}"]
    return []
