"""How the page looks: on paper one A4 page, on a screen light or dark, on a telephone one column."""

from typing import Final

from planner.charts.style import DARK, LIGHT, Palette


def style_sheet() -> str:
    """The style sheet of the page."""
    return _SHEET.replace("/*light*/", _colours(LIGHT)).replace("/*dark*/", _colours(DARK))


def _colours(palette: Palette) -> str:
    return (
        f"--ground:{palette.ground};--ink:{palette.ink};--muted:{palette.muted};--mark:{palette.mark};"
        f"--alarm:{palette.alarm}"
    )


_SHEET: Final = """
:root{/*light*/;color-scheme:light dark}
*{box-sizing:border-box;min-width:0}
body{margin:0 auto;padding:16px;max-width:1000px;background:var(--ground);color:var(--ink);
 font:15px/1.4 Arial,"Liberation Sans",Helvetica,sans-serif;overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto}
svg text{font-family:Arial,"Liberation Sans",Helvetica,sans-serif}
h1{font-size:1.6em;line-height:1.2;margin:0}
h2{font-size:1.05em;margin:0 0 .3em;padding-bottom:.15em;border-bottom:1px solid var(--muted);break-after:avoid}
p{margin:0 0 .4em}
ul{margin:0;padding-left:1.1em}
li{margin:0 0 .25em}
header p,footer,.note{color:var(--muted)}
header p{margin:.2em 0 0}
section{margin:1em 0 0}
.sign p:first-of-type{font-size:1.2em;font-weight:bold}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:0 1.6em}
figure{margin:0}
.on-dark{display:none}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
table{overflow-wrap:break-word}
th,td{text-align:left;vertical-align:top;padding:.12em .5em .12em 0;border-bottom:1px solid
 color-mix(in srgb,var(--muted) 30%,transparent);font-weight:normal}
thead th{font-weight:bold;vertical-align:bottom;border-bottom:1px solid var(--muted)}
.number{text-align:right;padding-right:0;padding-left:.6em}
tbody th{min-width:7em}
.scroll{overflow-x:auto}
.first td.number:nth-child(2){font-weight:bold}
.over{color:var(--alarm)}
.note,footer{font-size:.86em}
.draft{max-width:44em}
@media screen and (prefers-color-scheme:dark){:root{/*dark*/}.on-light{display:none}.on-dark{display:block}}
@media screen and (max-width:700px){.sides{display:block}.sides>*+*{margin-top:1em}}
@page{size:A4;margin:11mm 12mm}
@media print{
 .scroll{overflow:visible}
 body{padding:0;max-width:none;font-size:8pt;line-height:1.22}
 body.middle{font-size:7.5pt;line-height:1.2}
 body.full{font-size:7pt;line-height:1.17}
 h1{font-size:1.5em}
 section{margin-top:.7em}
 p,li{margin-bottom:.15em}
 th,td{padding-top:.04em;padding-bottom:.04em}
 section,figure,tr{break-inside:avoid}
 .draft{break-before:page;break-inside:auto;max-width:none;font-size:9.5pt}
}
"""
