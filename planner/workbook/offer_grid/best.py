"""The cheapest of the priced commitments at the discounts typed in: a table of workings on sheet Calc."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from planner.workbook.offer_grid.grid_sheet import STYLES, GridLayout
from planner.workbook.offer_grid.pricing import OfferGrid
from planner.workbook.offer_grid.steps import CORNERS, MIXED, Read
from planner.workbook.offer_grid.workings import LAST_COL, GridBlock
from planner.workbook.sheet import Sheet, Value, area, cell

_NOT_ALLOWED: Final = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The cheapest priced commitment within the limit on the shortfall, and where Calc has it, for other sheets."""

    commit_usd: float
    cost_usd: float
    probability: float
    commit: str
    cost: str
    chance: str
    next_row: int


@dataclass(frozen=True, kw_only=True)
class _Planes:
    """The planes around the discounts typed in, in the scenario typed in: the row before each one's first."""

    cells: dict[str, str]
    values: dict[str, float]


def counted_measures(grid: OfferGrid, *, present_value: bool) -> tuple[str, str]:
    """(the cost that the decision counts, the probability that its limit bounds)."""
    limited = "limited_probability" if "limited_probability" in grid.measures else "probability"
    return ("present_value" if present_value else "cost"), limited


def write_best(sheet: Sheet, row: int, read: Read, block: GridBlock, *, limit: float, present_value: bool) -> Best:
    """Every priced commitment at the discounts typed in, and the cheapest that the limit allows."""
    cost, chance = counted_measures(read.grid, present_value=present_value)
    sheet.subtitle(
        row, "Every priced commitment at the discounts typed in, in the scenario typed in", last_col=LAST_COL
    )
    planes = _write_planes(sheet, row + 1, read, block)
    first = row + 2 + len(planes.cells)
    labels = (
        *("no.", "row of its plane", "commitment, USD"),
        *(f"{STYLES[cost][0]}: plane {corner}" for corner in CORNERS),
        STYLES[cost][0],
        *(f"{STYLES[chance][0]}: plane {corner}" for corner in CORNERS[:2]),
        *(STYLES[chance][0], "counted, USD"),
    )
    sheet.header(first, labels, n_text=0)
    nodes = _nodes(read, planes, cost, chance, limit)
    columns = _columns(read.layout, planes.cells, cost, chance)
    for index, values in enumerate(nodes, start=first + 1):
        sheet.value(index, 0, values[0], "count")
        cells = {key: cell(index, col, row_abs=False, col_abs=False) for col, (key, *_) in enumerate(columns)}
        for col, (value, (_, template, style)) in enumerate(zip(values, columns, strict=True)):
            if template:
                sheet.formula(index, col, template.format(**cells), value, style)
    return _write_result(sheet, first, nodes)


def _write_planes(sheet: Sheet, row: int, read: Read, block: GridBlock) -> _Planes:
    """Scalars that the table below needs, of the offer typed in, in the scenario typed in."""
    at = read.typed[read.scenario]

    def of(key: str) -> str:
        return f"INDEX({block.typed(key).removeprefix('Calc!')},offer_scenario_number)"

    listed = "1" if read.grid.axes.contract.drawdown == "list" else f"1-{of('discount')}"
    kept = 1.0 if read.grid.axes.contract.drawdown == "list" else 1 - read.grid.axes.start.discount
    rows: list[tuple[str, str, str, str, float]] = [
        ("bands", "at the contract's bands", f"={of('bands')}", "count", 0.0),
        *(
            (corner, f"row before plane {corner}", f"={of(f'row_{corner}')}-{of('axis_rank')}", "count", float(number))
            for corner, number in zip(CORNERS, (number - at.axis.rank for number in at.rows), strict=True)
        ),
        ("d", "way from the lower to the higher discount", f"={of('discount_share')}", "percent", at.discount.share),
        ("e", "way from the lower to the higher beyond", f"={of('beyond_share')}", "percent", at.overage.share),
        ("n", "commitments of a plane", f"={of('size')}", "count", float(at.size)),
        ("kept", "commitment per dollar on the axis", f"=IF({{bands}}=1,1,{listed})", "number", kept),
    ]
    cells = {key: cell(row + index, 1) for index, (key, *_) in enumerate(rows)}
    for index, (_, label, formula, style, value) in enumerate(rows, start=row):
        sheet.text(index, 0, label, "label")
        sheet.formula(index, 1, formula.format(**cells), value, style)
    return _Planes(cells=cells, values={key: value for key, *_, value in rows})


def _columns(layout: GridLayout, at: dict[str, str], cost: str, chance: str) -> list[tuple[str, str, str]]:
    """(key, formula, style) of every column; {key} is another column of the same row."""
    costs = [(f"cost_{corner}", f"=INDEX({layout.columns[cost]},{at[corner]}+{{place}})", "usd") for corner in CORNERS]
    chances = [
        (f"chance_{corner}", f"=INDEX({layout.columns[chance]},{at[corner]}+{{place}})", "percent")
        for corner in CORNERS[:2]
    ]
    d, e = at["d"], at["e"]
    mixed = MIXED.format("cost", beyond=e, discount=d)
    allowed = f"AND({{number}}<={at['n']},OR({{commit}}=0,{{chance}}<=offer_max_shortfall_probability))"
    return [
        ("number", "", "count"),
        ("place", f"=MIN({{number}},{at['n']})", "count"),
        ("commit", f"=INDEX({layout.axis},{at['1']}+{{place}})*{at['kept']}", "usd"),
        *costs,
        ("cost", mixed, "usd"),
        *chances,
        ("chance", f"=(1-{d})*{{chance_1}}+{d}*{{chance_2}}", "percent"),
        ("counted", f'=IF({allowed},{{cost}},"{_NOT_ALLOWED}")', "usd"),
    ]


def _nodes(read: Read, planes: _Planes, cost: str, chance: str, limit: float) -> list[list[Value]]:
    """The values of every row of the table, by the steps of its formulas."""
    grid, at = read.grid, planes.values
    costs, chances, d, e = grid.column(cost).tolist(), grid.column(chance).tolist(), at["d"], at["e"]
    found: list[list[Value]] = []
    for number in range(1, max(max(len(item.uses), len(item.commits)) for item in grid.scenarios) + 1):
        place = min(number, int(at["n"]))
        a, b, c, g = (costs[int(at[corner]) + place - 1] for corner in CORNERS)
        low, high = (chances[int(at[corner]) + place - 1] for corner in CORNERS[:2])
        commit = float(grid.axis_usd[int(at["1"]) + place - 1]) * at["kept"]
        usd = (1 - e) * ((1 - d) * a + d * b) + e * ((1 - d) * c + d * g)
        probability = (1 - d) * low + d * high
        allowed = number <= at["n"] and (commit == 0 or probability <= limit)
        counted: Value = usd if allowed else _NOT_ALLOWED
        found.append([float(number), float(place), commit, a, b, c, g, usd, low, high, probability, counted])
    return found


def _write_result(sheet: Sheet, first: int, nodes: Sequence[Sequence[Value]]) -> Best:
    last = first + len(nodes)
    counted = [float(row[-1]) for row in nodes if not isinstance(row[-1], str)]
    number = next(index for index, row in enumerate(nodes) if row[-1] == min(counted))
    commit, cost, chance = (float(nodes[number][col]) for col in (2, 7, 10))
    spread, row = area(first + 1, 11, last, 11), last + 2
    sheet.text(row, 0, "cheapest: its no.", "label")
    sheet.formula(row, 1, f"=MATCH(MIN({spread}),{spread},0)", float(number + 1), "count")
    at = []
    for index, (label, col, value, style) in enumerate(
        (
            ("its commitment, USD", 2, commit, "usd"),
            ("its cost, USD", 7, cost, "usd"),
            ("its probability of a shortfall", 10, chance, "percent"),
        ),
        start=row + 1,
    ):
        sheet.text(index, 0, label, "label")
        sheet.formula(index, 2, f"=INDEX({area(first + 1, col, last, col)},{cell(row, 1)})", value, style)
        at.append(sheet.ref(cell(index, 2)))
    return Best(
        commit_usd=commit,
        cost_usd=cost,
        probability=chance,
        commit=at[0],
        cost=at[1],
        chance=at[2],
        next_row=row + 5,
    )
