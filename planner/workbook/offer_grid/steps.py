"""The steps by which sheet Calc reads an offer between those of a grid, one row each, one formula along the row.

planner.workbook.offer_grid.reading takes the same steps, which are the cells' cached values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from planner.workbook.calc.calc_table import CalcTable
from planner.workbook.offer_grid.axes import TypedOffer
from planner.workbook.offer_grid.grid_sheet import STYLES, GridLayout
from planner.workbook.offer_grid.pricing import OfferGrid
from planner.workbook.offer_grid.reading import Between, Reading, read_offer
from planner.workbook.sheet import Value, less

CORNERS: Final = ("1", "2", "3", "4")
"""The planes around an offer: lower and higher discount at the lower discount beyond, then at the higher."""

MIXED: Final = (
    "=(1-{beyond})*((1-{discount})*{{{0}_1}}+{discount}*{{{0}_2}})"
    "+{beyond}*((1-{discount})*{{{0}_3}}+{discount}*{{{0}_4}})"
)
"""A figure between its values in the four planes."""

_NONE: Final = "n/a"


@dataclass(frozen=True, kw_only=True)
class Read:
    """The offer typed in and the recommended one, read in every scenario, as the sheet opens.

    scenario: the one typed in, counted from 0. typed, recommended: one reading per scenario.
    """

    grid: OfferGrid
    layout: GridLayout
    scenario: int
    typed: Sequence[Reading]
    recommended: Sequence[Reading]


def read_grid(grid: OfferGrid, layout: GridLayout, scenario: int) -> Read:
    """What the sheet opens with: the recommended offer typed in as far as it can be, and as it is."""
    start = grid.axes.start
    own = TypedOffer(commit_usd=start.commit_usd, discount=0.0, overage_discount=0.0, by_bands=True)
    numbers = range(len(grid.scenarios))
    return Read(
        grid=grid,
        layout=layout,
        scenario=scenario,
        typed=[read_offer(grid, index, start) for index in numbers],
        recommended=[read_offer(grid, index, own) for index in numbers],
    )


Row = tuple[str, str, str, str, Callable[[Reading], Value]]
"""Key, label, style, formula, and its value of a reading."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Writes the steps of the offer typed in and the recommended one, each in every scenario.

    discounts, overages: addresses of the two axes of discounts on the same sheet; terms: those of the two offers.
    """

    table: CalcTable
    read: Read
    discounts: str
    overages: str
    terms: Mapping[str, str]

    def write(self) -> None:
        """All of them, from the top down."""
        self._cases()
        self._add(*_between("discount", "discount", self.discounts, "grid_discounts", lambda r: r.discount))
        self._add(*_between("beyond", "discount beyond", self.overages, "grid_overages", lambda r: r.overage))
        self._add(*self._axis(), *_rows(), *self._along())
        for measure in self.read.grid.measures:
            self._add(*self._measure(measure))
        self._results()

    def _add(self, *rows: Row) -> None:
        readings = [*self.read.typed, *self.read.recommended]
        for key, label, style, template, value in rows:
            self.table.formulas(key, label, style, template, [value(reading) for reading in readings])

    def _cases(self) -> None:
        grid, start, table = self.read.grid, self.read.grid.axes.start, self.table
        n = len(grid.scenarios)
        table.constants("scenario", "scenario", "header_right", [item.name for item in grid.scenarios] * 2)
        table.constants("number", "no. of the scenario", "count", [float(k + 1) for k in range(n)] * 2)
        table.constants("offer", "offer: typed in (1), recommended (2)", "count", [1.0] * n + [2.0] * n)
        rows = (
            ("bands", "at the contract's bands", "count", 0.0, 1.0),
            ("commit", "commitment, USD", "usd", start.commit_usd, start.commit_usd),
            ("discount", "discount typed", "percent", start.discount, 0.0),
            ("beyond", "discount beyond", "percent", start.overage_discount, 0.0),
        )
        for key, label, style, typed, own in rows:
            table.formulas(key, label, style, f"=INDEX({self.terms[key]},{{offer}})", [typed] * n + [own] * n)

    def _axis(self) -> tuple[Row, ...]:
        """Where the commitment stands on the axis of its plane."""
        layout = self.read.layout
        listed = "{commit}" if self.read.grid.axes.contract.drawdown == "list" else "{commit}/(1-{discount})"
        typed = "(({number}-1)*grid_discounts+{discount_rank}-1)*grid_overages+{beyond_rank}"
        plane = f"=IF({{bands}}=1,grid_planes+{{number}},{typed})"
        rank = f"=SUMPRODUCT(({layout.planes}={{plane}})*({layout.axis}<={{axis}}))"
        size, before = f"=SUMPRODUCT(--({layout.planes}={{plane}}))", f"=MATCH({{plane}},{layout.planes},0)-1"
        place, following = f"=IF({{bands}}=1,{{commit}},{listed})", "=MIN({axis_rank}+1,{size})"
        return (
            ("plane", "no. of plane 1", "count", plane, lambda r: float(r.plane)),
            ("before", "rows before it", "count", before, lambda r: float(r.row - r.axis.rank)),
            ("size", "rows of it", "count", size, lambda r: float(r.size)),
            ("axis", "place on the axis, USD", "usd", place, lambda r: r.axis_usd),
            ("axis_rank", "no. at or below it", "count", rank, lambda r: float(r.axis.rank)),
            ("axis_next", "no. above it", "count", following, lambda r: float(r.axis.following)),
        )

    def _along(self) -> tuple[Row, ...]:
        """How far the offer is along the axis."""
        axis = self.read.layout.axis
        high = f"=INDEX({axis},{{row_1}}+{{axis_step}})"
        return (
            ("axis_low", "place on the axis below, USD", "usd", f"=INDEX({axis},{{row_1}})", lambda r: r.axis.low),
            ("axis_high", "place on the axis above, USD", "usd", high, lambda r: r.axis.high),
            ("axis_share", "way from below to above", "percent", _share("axis"), lambda r: r.axis.share),
        )

    def _measure(self, measure: str) -> list[Row]:
        """A figure along the axis in each of the four planes around the offer, and between them."""
        (label, style), column = STYLES[measure], self.read.layout.columns[measure]

        def corner(index: int) -> Row:
            row = f"{{row_{CORNERS[index]}}}"
            along = f"=INDEX({column},{row})*(1-{{axis_share}})+INDEX({column},{row}+{{axis_step}})*{{axis_share}}"
            key, what = f"{measure}_{CORNERS[index]}", f"   {label}: plane {CORNERS[index]}"
            return key, what, style, along, lambda r: r.corners[measure][index]

        mixed = MIXED.format(measure, beyond="{beyond_share}", discount="{discount_share}")
        return [*map(corner, range(len(CORNERS))), (measure, label, style, mixed, lambda r: r.values[measure])]

    def _results(self) -> None:
        grid, start = self.read.grid, self.read.grid.axes.start
        demand = [item.on_demand_usd for item in grid.scenarios] * 2
        costs = [r.values["cost"] for r in (*self.read.typed, *self.read.recommended)]
        saved = [less(usd, cost) for usd, cost in zip(demand, costs, strict=True)]
        rates = [1 - cost / usd if usd > 0 else 0.0 for usd, cost in zip(demand, costs, strict=True)]
        n, kept, signs = len(grid.scenarios), 1 - start.discount, start.commit_usd > 0
        even: list[Value] = [kept if signs else _NONE] * n + [_NONE] * n
        listed: list[Value] = [grid.axes.axis_usd(start) * kept if signs else _NONE] * n + [_NONE] * n
        apart = f'=IF({{{{bands}}}}=1,"{_NONE}",IF({{{{commit}}}}>0,{{0}},"{_NONE}"))'
        rows: tuple[tuple[str, str, str, str, Sequence[Value]], ...] = (
            ("saving", "expected saving against on demand, USD", "usd", "={on_demand}-{cost}", saved),
            ("savings", "effective savings rate", "percent", "=IF({on_demand}>0,1-{cost}/{on_demand},0)", rates),
            ("even", "break-even utilization", "percent", apart.format("1-{discount}"), even),
            ("even_list", "break-even list use, USD a year", "usd", apart.format("{axis}*(1-{discount})"), listed),
        )
        self.table.constants("on_demand", "on demand at list, USD", "usd", demand)
        for key, label, style, template, values in rows:
            self.table.formulas(key, label, style, template, values)


def _between(key: str, name: str, axis: str, count: str, found: Callable[[Reading], Between]) -> tuple[Row, ...]:
    """Between which two values of an axis a discount lies."""
    following = f"=MIN({{{key}_rank}}+1,{count})"
    low, high = (f"=INDEX({axis},{{{key}_{end}}})" for end in ("rank", "next"))
    rank = f"=MATCH({{{key}}},{axis},1)"
    return (
        (f"{key}_rank", f"{name}: no. at or below", "count", rank, lambda r: float(found(r).rank)),
        (f"{key}_next", f"{name}: no. above", "count", following, lambda r: float(found(r).following)),
        (f"{key}_low", f"{name} below", "percent", low, lambda r: found(r).low),
        (f"{key}_high", f"{name} above", "percent", high, lambda r: found(r).high),
        (f"{key}_share", f"{name}: way from below to above", "percent", _share(key), lambda r: found(r).share),
    )


def _rows() -> tuple[Row, ...]:
    """Rows of sheet Offer grid around the offer."""
    first = "={before}+{axis_rank}"
    by_discount = "=IF({bands}=1,0,({discount_next}-{discount_rank})*grid_overages*{size})"
    by_beyond = "=IF({bands}=1,0,({beyond_next}-{beyond_rank})*{size})"
    second, third, fourth = "={row_1}+{discount_step}", "={row_1}+{beyond_step}", "={row_2}+{beyond_step}"
    return (
        ("row_1", "row: plane 1, lower discount, lower beyond", "count", first, lambda r: float(r.row)),
        ("axis_step", "rows to the next", "count", "={axis_next}-{axis_rank}", lambda r: float(r.axis.step)),
        ("discount_step", "rows to the next discount", "count", by_discount, lambda r: float(r.discount_step)),
        ("beyond_step", "rows to the next discount beyond", "count", by_beyond, lambda r: float(r.overage_step)),
        ("row_2", "row: plane 2, higher discount, lower beyond", "count", second, lambda r: float(r.rows[1])),
        ("row_3", "row: plane 3, lower discount, higher beyond", "count", third, lambda r: float(r.rows[2])),
        ("row_4", "row: plane 4, higher discount, higher beyond", "count", fourth, lambda r: float(r.rows[3])),
    )


def _share(key: str) -> str:
    low, high = f"{{{key}_low}}", f"{{{key}_high}}"
    return f"=IF({high}>{low},({{{key}}}-{low})/({high}-{low}),0)"
