"""What a browser can measure of a page: accessibility, clipped words, width, raw words, keyboard, tables beside charts.

Each function returns what is wrong, in words, empty when nothing is.
"""

import re
from collections.abc import Sequence

from axe_playwright_python.base import AXE_SCRIPT
from journeys import playwright

_NO_TEXT = "[data-testid=stDataFrame], [translate=no], canvas, style, script"
_CLIPPED = """skip => [...document.querySelectorAll('[data-testid=stApp] *')].filter(e => {
  if (e.closest(skip) || e.closest('svg, [aria-hidden=true]') || !e.checkVisibility()) return false;
  const style = getComputedStyle(e);
  return e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 && ['hidden', 'clip'].includes(style.overflowX)
    && (e.innerText || '').trim();
}).map(e => e.innerText.trim().slice(0, 80))"""
_SPILLED = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth);
}"""
_CUT_WORDS = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')].flatMap(svg => {
  const box = svg.getBoundingClientRect(); // a letter's box is taller than the letter
  return [...svg.querySelectorAll('text')].filter(t => {
    const r = t.getBoundingClientRect();
    return t.textContent.trim() && r.width && (r.left < box.left - 4 || r.right > box.right + 4
      || r.top < box.top - 4 || r.bottom > box.bottom + 4);
  }).map(t => t.textContent);
})"""
_PALE = r"""() => {
  const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const bright = colour => colour.match(/[\d.]+/g).slice(0, 3).map(Number).map(c => linear(c / 255))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  return [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')].flatMap(svg => {
    const ground = getComputedStyle(svg).backgroundColor;
    return [...svg.querySelectorAll('text')].filter(t => {
      const fill = getComputedStyle(t).fill;
      if (!t.textContent.trim() || fill === ground || !fill.startsWith('rgb')) return false; // a halo is the ground's
      const [low, high] = [bright(fill), bright(ground)].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05) < 4.5;
    }).map(t => `${t.textContent} (${getComputedStyle(t).fill})`);
  });
}"""
_WIDER = """() => [...document.querySelectorAll('[data-testid=stTable] > div')].filter(
  e => e.scrollWidth > e.clientWidth + 1
).map(e => e.querySelector('table').getAttribute('aria-label') || e.innerText)"""
_WORDS = """skip => {
  const walker = document.createTreeWalker(document.querySelector('[data-testid=stApp]'), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (e && n.textContent.trim() && !e.closest(skip) && !e.closest('code, pre') && e.checkVisibility())
      found.push(n.textContent.trim());
  }
  return found;
}"""
_UNREACHABLE = """() => [...document.querySelectorAll(
  '[data-testid=stApp] :is(a[href], button, input, select, textarea, summary, [role=button], [role=combobox])'
)].filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1 && !e.disabled
  && (e.tabIndex < 0 || e.closest('[inert]')) && !e.closest('[role=radiogroup], [role=tablist], [role=grid]')
).map(e => `${e.tagName} ${e.getAttribute('aria-label') || e.innerText || e.type}`)"""
_PASSED_BY = """() => {
  const stops = [...document.querySelectorAll('[data-testid=stMain] :is(a[href], button, input, textarea, summary)')]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && e.getBoundingClientRect().width > 1)
    .filter(e => !e.disabled && e.tabIndex >= 0);
  const wide = [...document.querySelectorAll('[data-testid=stTable] > div')]
    .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1);
  return [...stops, ...wide].filter(e => !e.stopped && !(e.type === 'radio' || e.type === 'file'))
    .map(e => `${e.tagName} ${e.getAttribute('aria-label') || e.innerText || e.id}`.slice(0, 100));
}"""
_ALONE = """() => {
  const seen = [...document.querySelectorAll('[data-testid=stMain] :is(h2, h3, [data-testid=stVegaLiteChart],'
    + ' [data-testid=stTable], [data-testid=stDataFrame])')];
  return seen.filter((e, i) => {
    if (e.dataset.testid !== 'stVegaLiteChart') return false;
    const after = seen.slice(i + 1).find(o => o.dataset.testid !== 'stVegaLiteChart');
    return !after || !(after.dataset.testid || '').match(/Table|DataFrame/);
  }).map(e => e.getAttribute('aria-label') || 'a chart that says nothing');
}"""
_RAW = re.compile(r"\b(nan|NaN|NaT|None|inf|Infinity|null|undefined|True|False)\b(?!-)")
_SNAKE = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])")
_MOST_DIGITS = 6


def axe(page: "playwright.Page") -> dict[str, list[str]]:
    """Findings of axe-core but the minor ones: what is wrong -> where."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return {
        f"{finding['id']} ({finding['impact']})": [node["html"][:200] for node in finding["nodes"]]
        for finding in found
        if finding["impact"] != "minor"
    }


def clipped(page: "playwright.Page") -> list[str]:
    """Words that end behind the edge of their box, and words of charts outside their picture."""
    return [*page.evaluate(_CLIPPED, _NO_TEXT), *page.evaluate(_CUT_WORDS)]


def pale(page: "playwright.Page") -> list[str]:
    """Words of charts, which axe does not look at, that stand out less than 4.5:1 from their ground."""
    return page.evaluate(_PALE)


def wider_tables(page: "playwright.Page") -> list[str]:
    """Tables that have to be scrolled sideways."""
    return page.evaluate(_WIDER)


def spilled_pixels(page: "playwright.Page") -> float:
    """How far the page reaches over the window's right edge."""
    return page.evaluate(_SPILLED)


def words(page: "playwright.Page") -> list[str]:
    """All visible text outside data grids and code, chart words and all."""
    return page.evaluate(_WORDS, _NO_TEXT)


def raw(texts: Sequence[str]) -> list[str]:
    """What a program writes and no person: nan, None, snake_case, more than six significant digits."""
    found = []
    for text in texts:
        found += [f"{hit} in: {text[:400]}" for hit in (*_RAW.findall(text), *_SNAKE.findall(text))]
        found += [f"{hit} in: {text[:400]}" for hit in _NUMBER.findall(text) if _significant(hit) > _MOST_DIGITS]
    return found


def _significant(number: str) -> int:
    digits = number.replace(",", "")
    whole = digits.replace(".", "").lstrip("0")
    return len(whole if "." in digits else whole.rstrip("0"))


def unreachable(page: "playwright.Page") -> list[str]:
    """Controls that the Tab key does not stop at."""
    return page.evaluate(_UNREACHABLE)


def passed_by(page: "playwright.Page", most: int = 400) -> list[str]:
    """Controls and tables to scroll sideways that the Tab key, pressed through the whole page, did not stop at."""
    page.evaluate("document.activeElement.blur()")
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("[document.activeElement.stopped === true, document.activeElement.stopped = true][0]"):
            return page.evaluate(_PASSED_BY)
    return [f"the Tab key does not come round in {most} stops"]


def charts_alone(page: "playwright.Page") -> list[str]:
    """Charts without a table in their section, by what they say."""
    return page.evaluate(_ALONE)
