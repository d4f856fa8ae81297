"""House rules that can be read off the source: import order, fences, sizes, docstrings, what is never called.

Each rule is a function from the modules of a tree to its violations. The product must have none; trees with one
planted violation show that each rule can fail. A rule is changed here, in the open, or not at all.
"""

import ast
import graphlib
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ORDER = (
    "planner.errors",
    "planner.whole_file",
    "planner.named_files",
    "planner.csv_cells",
    "planner.clock",
    "planner.sdk",
    "planner.bundled",
    "planner.units",
    "planner.shapley",
    "planner.distributions",
    "planner.usage.streams",
    "planner.evidence.*",
    "planner.clauses",
    "planner.bands",
    "planner.offer",
    "planner.price_data.*",
    "planner.prices",
    "planner.price_snapshot",
    "planner.price_data_notes",
    "planner.price_factors",
    "planner.price_update",
    "planner.name_notes",
    "planner.usage.columns",
    "planner.usage.addresses",
    "planner.usage.dialects",
    "planner.usage.readings",
    "planner.usage.secrets",
    "planner.usage.patterns",
    "planner.usage.log_formats.*",
    "planner.usage.guesses",
    "planner.usage.formats",
    "planner.usage.folders",
    "planner.usage.elements",
    "planner.usage.documents",
    "planner.usage.heads",
    "planner.usage.files",
    "planner.usage.inner",
    "planner.usage.flat",
    "planner.usage.proposal",
    "planner.usage.views",
    "planner.usage.fields",
    "planner.usage.scan",
    "planner.usage.duplicates",
    "planner.usage.refused",
    "planner.usage.engines",
    "planner.usage.spark",
    "planner.usage.databases",
    "planner.usage.source",
    "planner.usage.file_layouts",
    "planner.usage.opening",
    "planner.usage.log_facts",
    "planner.usage.groups",
    "planner.usage.preview",
    "planner.usage.read",
    "planner.usage.rules",
    "planner.usage.concentration",
    "planner.usage.token_distribution",
    "planner.evaluation.*",
    "planner.pull.*",
    "planner.coverage",
    "planner.billed.*",
    "planner.list_cost",
    "planner.exclusions",
    "planner.reconciliation.*",
    "planner.measurement",
    "planner.data_quality",
    "planner.tokens_per_request",
    "planner.mix",
    "planner.generations",
    "planner.history.*",
    "planner.baseline.*",
    "planner.levers",
    "planner.retirements",
    "planner.lever_costs.*",
    "planner.digest",
    "planner.streams",
    "planner.demand",
    "planner.demand_process",
    "planner.calibration.*",
    "planner.price_moves",
    "planner.price_history",
    "planner.spend_terms",
    "planner.rebound",
    "planner.simulation_block",
    "planner.simulation",
    "planner.contract",
    "planner.quotes",
    "planner.steps",
    "planner.term_use",
    "planner.clause_rules",
    "planner.ledger",
    "planner.cash",
    "planner.settlement",
    "planner.monthly_cash",
    "planner.foresight",
    "planner.dead_zone",
    "planner.risk",
    "planner.effects",
    "planner.drivers",
    "planner.sizing.*",
    "planner.commit",
    "planner.signed",
    "planner.assumption_notes",
    "planner.inputs",
    "planner.read_inputs",
    "planner.typed_mix",
    "planner.plan_file.*",
    "planner.objectives",
    "planner.words",
    "planner.key_words",
    "planner.scenario_words",
    "planner.terms_told",
    "planner.lever_caveats",
    "planner.caveats",
    "planner.outcome",
    "planner.decision_caveats",
    "planner.baseline_edit",
    "planner.prepared",
    "planner.changed_since",
    "planner.known_evidence",
    "planner.plan",
    "planner.identity",
    "planner.assumed.*",
    "planner.waterfall",
    "planner.lever_savings",
    "planner.scenario_diff",
    "planner.cost_lines",
    "planner.plan_drivers",
    "planner.budget",
    "planner.typed_offer",
    "planner.negotiation.*",
    "planner.business_units.*",
    "planner.focus.*",
    "planner.paths_file",
    "planner.backtest.*",
    "planner.tables",
    "planner.provenance",
    "planner.opportunities.*",
    "planner.evaluated_models",
    "planner.evidence_in_plan.*",
    "planner.plan_grading",
    "planner.tracking.*",
    "planner.dossier",
    "planner.listings",
    "planner.data_quality_report",
    "planner.tokens_report",
    "planner.reconciliation_report",
    "planner.report",
    "planner.provenance_of.*",
    "planner.scenario_diff_report",
    "planner.calibration_report",
    "planner.backtest_report",
    "planner.drivers_report",
    "planner.levers_sentences",
    "planner.levers_report",
    "planner.prices_report",
    "planner.prices_json",
    "planner.ledger_report",
    "planner.budget_report",
    "planner.pull_report",
    "planner.machine",
    "planner.baseline_report",
    "planner.negotiation_reports.*",
    "planner.evidence_reports.*",
    "planner.tracking_reports.*",
    "planner.plan_state",
    "planner.charts.*",
    "planner.brief.*",
    "planner.workbook.*",
    "planner.ui.*",
    "planner.commands.*",
    "planner.cli",
    "app",
)
"""The one import order: a module imports only earlier ones. A folder (.*) is one step, without cycles inside."""

LATE: dict[str, dict[str, str]] = {
    "planner.cli": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.formats": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.run_rate": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.read_offers": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.export": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.settle": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.track": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.prices": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.pull": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.suggest": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.negotiate": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.scenario": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.levers": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.baseline": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.measure_log": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.budget": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.learn": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.when_to_sign": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.evaluation.prompt_counts": {
        "anthropic": "the SDK takes a second or two to load, and only what asks a model needs it",
    },
    "planner.commands.serve": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.evidence_run": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.evidence_check": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.evidence_grade": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.evidence_decide": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.commands.units": {
        "planner": "a command loads only what it needs, so that the command line starts quickly",
    },
    "planner.sdk": {
        "anthropic": "the SDK takes a second or two to load, and few commands need it",
    },
    "planner.pull.analytics": {
        "anthropic": "the SDK takes a second or two to load, and only a pull needs it",
    },
    "planner.evaluation.message_batches": {
        "anthropic": "the SDK takes a second or two to load, and only what asks a model needs it",
    },
    "planner.evaluation.messages": {
        "anthropic": "the SDK takes a second or two to load, and only what asks a model needs it",
    },
    "planner.brief.drafting": {
        "anthropic": "the SDK takes a second or two to load, and only what asks a model needs it",
    },
    "planner.usage.spark": {"pyspark": "an extra that few install, and slow to load"},
    "planner.price_data.updater": {
        "genai_prices": "its snapshot of every provider is slow to load, and our own facts come first"
    },
}
"""The only imports inside functions: {module: {package: reason}}."""

ANYWHERE = ("planner", "app")
FENCES: dict[str, tuple[str, ...]] = {
    "numpy": ANYWHERE,
    "scipy": ANYWHERE,
    "pandas": (
        "planner.usage",
        "planner.list_cost",
        "planner.reconciliation",
        "planner.measurement",
        "planner.data_quality",
        "planner.tokens_per_request",
        "planner.mix",
        "planner.generations",
        "planner.exclusions",
        "planner.history",
        "planner.baseline",
        "planner.tracking.months.actual_days",
        "planner.tracking.months.actuals",
        "planner.tracking.months.signing_prices",
        "planner.commands.measure",
        "planner.charts",
        "planner.workbook",
        "planner.ui",
    ),
    "duckdb": ("planner.usage", "planner.billed"),
    "ibis": ("planner.usage",),
    "pyarrow": ("planner.usage.files", "planner.ui.commit.explorer_view"),
    "pyspark": ("planner.usage.spark",),
    "zstandard": ("planner.usage", "planner.billed", "planner.evidence.graded", "planner.evaluation.sample"),
    "ijson": ("planner.usage.documents",),
    "anthropic": (
        "planner.sdk",
        "planner.pull.analytics",
        "planner.evaluation.messages",
        "planner.evaluation.message_batches",
        "planner.evaluation.prompt_counts",
        "planner.brief.drafting",
    ),
    "httpx2": ("planner.tracking.acting.webhook",),
    "jsonschema": ("planner.evaluation",),
    "referencing": ("planner.evaluation.graders.schemas",),
    "genai_prices": ("planner.price_data.updater",),
    "pydantic": ("planner.plan_file",),
    "tomlkit": ("planner.plan_file",),
    "altair": ("planner.charts",),
    "vl_convert": ("planner.brief.drawn",),
    "openpyxl": ("planner.workbook",),
    "xlsxwriter": ("planner.workbook",),
    "streamlit": ("planner.ui", "app"),
    "starlette": ("planner.ui.hosted.server",),
    "rich": ("planner.commands.terminal",),
    "typer": ("planner.commands", "planner.cli"),
    # The standard library, where it opens a door to the outside.
    "socket": ("planner.commands.serve",),
    "subprocess": ("planner.cli", "planner.brief.printed"),
    "ftplib": (),
    "http.client": (),
    "smtplib": (),
    "urllib.request": (),
    # Files that run code when they are read.
    "marshal": (),
    "pickle": (),
    "shelve": (),
    # Ways around this table.
    "importlib.import_module": (),
    "importlib.util": (),
    "runpy": (),
}
"""Which package may be imported where; a package from outside that is not named here may be imported nowhere."""

DISTRIBUTIONS = {"ibis": "ibis-framework", "genai_prices": "genai-prices", "vl_convert": "vl-convert-python"}
"""Names that a package is installed by, where they differ from the name that it is imported by."""

MODULE_LINES = 350
FUNCTION_LINES = 40
LONGER: dict[str, str] = {
    "planner.commands.measure_log.measure": "an option of the command line is a parameter, and there are many",
    "planner.commands.evidence_run.run": "an option of the command line is a parameter, and there are many",
}
"""Modules or functions that may be longer: {"planner.x" or "planner.x.function": reason}."""

NEVER_CALLED = {"eval", "exec", "__import__", "breakpoint", "read_pickle", "to_pickle", "import_module"}
PRINTS = (
    "planner.commands.serve",
    "planner.commands.run_rate",
    "planner.commands.measure_log",
    "planner.commands.baseline",
    "planner.commands.settle",
    "planner.commands.levers",
    "planner.commands.learn",
    "planner.commands.suggest",
    "planner.commands.when_to_sign",
    "planner.commands.prices",
    "planner.commands.units",
    "planner.cli",
)
CATCH_ALL_NAMES = {"common", "core", "helpers", "misc", "tools", "types", "util", "utils"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file: its dotted name, its lines, its tree."""

    name: str
    is_init: bool
    lines: int
    tree: ast.Module


Rule = Callable[[Sequence[Module]], list[str]]


@cache
def product() -> list[Module]:
    """The modules of the product, read once."""
    return read_modules(ROOT)


def read_modules(root: Path) -> list[Module]:
    """Every module of planner/, and app.py, below root."""
    paths = [*sorted((root / "planner").rglob("*.py")), *root.glob("app.py")]
    return [_read_module(path, path.relative_to(root)) for path in paths if "_bundled" not in path.parts]


def _read_module(path: Path, relative: Path) -> Module:
    source = path.read_text(encoding="utf-8")
    is_init = relative.name == "__init__.py"
    parts = relative.parent.parts if is_init else relative.with_suffix("").parts
    return Module(
        name=".".join(parts), is_init=is_init, lines=len(source.splitlines()), tree=ast.parse(source, str(path))
    )


def inside(name: str, package: str) -> bool:
    """Whether a dotted name is a package or something in it."""
    return name == package or name.startswith(package + ".")


def position(name: str, order: Sequence[str]) -> int | None:
    """The step of the order that a module belongs to, None where it has none."""
    for step, entry in enumerate(order):
        if name == entry or (entry.endswith(".*") and inside(name, entry.removesuffix(".*"))):
            return step
    return None


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that is imported anywhere below a node; a relative name begins with dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def own_modules(module: Module, known: set[str]) -> Iterator[tuple[int, str]]:
    """(line, module of the product) for each import of one, whether the name was a module or something in it."""
    for line, name in imports(module.tree):
        if inside(name, "planner") or inside(name, "app"):
            yield line, name if name in known else name.rpartition(".")[0] or name


def functions(tree: ast.Module) -> Iterator[tuple[str, FunctionNode]]:
    """(dotted name within the module, node) of module functions and methods; functions in functions belong to them."""

    def below(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, FunctionNode]]:
        for node in body:
            if isinstance(node, FunctionNode):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from below(node.body, f"{prefix}{node.name}.")

    yield from below(tree.body, "")


def unlisted_modules(modules: Sequence[Module], order: Sequence[str] = ORDER) -> list[str]:
    """Modules that the order lacks, steps of the order that no module belongs to, names that say nothing."""
    names = [module.name for module in modules if not module.is_init]
    steps = {position(name, order) for name in names}
    return [
        *(f"{name} has no place in ORDER" for name in names if position(name, order) is None),
        *(f"ORDER names {entry}, which does not exist" for step, entry in enumerate(order) if step not in steps),
        *(f"{name}: a catch-all name" for name in names if name.rpartition(".")[2] in CATCH_ALL_NAMES),
    ]


def imports_against_the_order(modules: Sequence[Module]) -> list[str]:
    """Imports of the product by itself that do not point to an earlier step (or to the same folder)."""
    known = {module.name for module in modules}
    packages = {module.name for module in modules if module.is_init}
    found = []
    for module in modules:
        here = position(module.name, ORDER)
        for line, target in own_modules(module, known):
            there = position(target, ORDER)
            if target in packages or here is None or there is None:
                continue
            same_folder = here == there and ORDER[here].endswith(".*") and target != module.name
            if there >= here and not same_folder:
                found.append(f"{module.name}:{line} imports {target}, which is not earlier in ORDER")
    return found


def cycles_in_a_folder(modules: Sequence[Module]) -> list[str]:
    """Folders that are one step of the order and whose modules import each other in a circle."""
    found = []
    for entry in (entry for entry in ORDER if entry.endswith(".*")):
        members = [module for module in modules if inside(module.name, entry.removesuffix(".*"))]
        names = {module.name for module in members if not module.is_init}
        graph = {m.name: {t for _, t in own_modules(m, names) if t in names} for m in members}
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            found.append(f"{entry}: {' <- '.join(error.args[1])}")
    return found


def relative_imports(modules: Sequence[Module]) -> list[str]:
    """Imports that do not say the whole name."""
    return [
        f"{module.name}:{line} imports {name}: say the whole name"
        for module in modules
        for line, name in imports(module.tree)
        if name.startswith(".")
    ]


def imports_in_init(modules: Sequence[Module]) -> list[str]:
    """Imports in an __init__.py, which everything below it would pay for and which give one thing two names."""
    return [
        f"{module.name}/__init__.py:{line} imports {name}"
        for module in modules
        if module.is_init
        for line, name in imports(module.tree)
    ]


def late_imports(modules: Sequence[Module], allowed: dict[str, dict[str, str]] | None = None) -> list[str]:
    """Imports inside functions that the table does not allow, and rows of the table that nothing uses."""
    table = LATE if allowed is None else allowed
    found = []
    unused = {(name, package) for name, packages in table.items() for package in packages}
    for module in modules:
        bodies = [node for node in ast.walk(module.tree) if isinstance(node, FunctionNode | ast.ClassDef)]
        for line, name in sorted({pair for body in bodies for pair in imports(body)}):
            matches = {(module.name, package) for package in table.get(module.name, {}) if inside(name, package)}
            unused -= matches
            if not matches:
                found.append(f"{module.name}:{line} imports {name} late")
    return found + [f"LATE allows {name} to import {package} late; it does not" for name, package in sorted(unused)]


def imports_over_a_fence(modules: Sequence[Module]) -> list[str]:
    """Imports of a package where it has no business, or of one that FENCES does not know."""
    found = []
    for module in modules:
        for line, name in imports(module.tree):
            root = name.split(".")[0]
            fences = [package for package in FENCES if inside(name, package)]
            if not fences and root not in {*sys.stdlib_module_names, "planner", "app", ""}:
                found.append(f"{module.name}:{line} imports {root}, which FENCES does not know")
            found += [
                f"{module.name}:{line} imports {package}, which belongs in {', '.join(FENCES[package]) or 'no module'}"
                for package in fences
                if not any(inside(module.name, place) for place in FENCES[package])
            ]
    return sorted(set(found))


def too_long(modules: Sequence[Module]) -> list[str]:
    """Modules and functions above their limit. A docstring does not count as a function's lines."""
    found = [
        f"{module.name} has {module.lines} lines, the limit is {MODULE_LINES}"
        for module in modules
        if module.lines > MODULE_LINES and module.name not in LONGER
    ]
    for module in modules:
        for name, node in functions(module.tree):
            lines = _lines_without_docstring(node)
            if lines > FUNCTION_LINES and f"{module.name}.{name}" not in LONGER:
                found.append(f"{module.name}.{name} has {lines} lines, the limit is {FUNCTION_LINES}")
    return found


def _lines_without_docstring(node: FunctionNode) -> int:
    first = node.body[0]
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is None:
        return lines
    return lines - ((first.end_lineno or first.lineno) - first.lineno + 1)


def without_docstring(modules: Sequence[Module]) -> list[str]:
    """Modules with code, and public functions and methods, that do not say what they are.

    A property is named like the value that it is; a method that a protocol of the module documents says it there.
    """
    found = [f"{module.name} has no docstring" for module in modules if _is_silent(module.tree)]
    for module in modules:
        said = {name for node in module.tree.body for name in _documented_by_a_protocol(node)}
        for name, node in functions(module.tree):
            public = not any(part.startswith("_") for part in name.split("."))
            decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
            exempt = bool(decorators & {"overload", "property", "cached_property"})
            silent = ast.get_docstring(node) is None and not ("." in name and node.name in said)
            if public and silent and not exempt:
                found.append(f"{module.name}.{name} has no docstring")
    return found


def _documented_by_a_protocol(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases):
        yield from (f.name for f in node.body if isinstance(f, FunctionNode) and ast.get_docstring(f))


def _is_silent(tree: ast.Module) -> bool:
    return bool(tree.body) and ast.get_docstring(tree) is None


def forbidden_calls(modules: Sequence[Module]) -> list[str]:
    """print outside the command line, and calls that run what a user sent."""
    found = []
    for module in modules:
        for node in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called == "print" and isinstance(node.func, ast.Name) and module.name not in PRINTS:
                found.append(f"{module.name}:{node.lineno} prints; report.py makes the text, cli.py prints it")
            if called in NEVER_CALLED or any(keyword.arg == "allow_pickle" for keyword in node.keywords):
                found.append(f"{module.name}:{node.lineno} calls {ast.unparse(node)}")
    return found


RULES: tuple[Rule, ...] = (
    unlisted_modules,
    imports_against_the_order,
    cycles_in_a_folder,
    relative_imports,
    imports_in_init,
    late_imports,
    imports_over_a_fence,
    too_long,
    without_docstring,
    forbidden_calls,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    violations = rule(product())
    assert not violations, "\n" + "\n".join(violations)


def test_every_package_that_is_imported_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [line for extra in ("spark", "postgres") for line in project["optional-dependencies"][extra]]
    declared = {line.split(">")[0].split("[")[0] for line in [*project["dependencies"], *optional]}
    imported = {name.split(".")[0] for module in product() for _, name in imports(module.tree)}
    outside = imported - sys.stdlib_module_names - {"planner", "app", ""}
    assert {DISTRIBUTIONS.get(name, name) for name in outside} <= declared


def test_the_exceptions_name_what_exists() -> None:
    modules = product()
    names = {module.name for module in modules}
    names |= {f"{module.name}.{name}" for module in modules for name, _ in functions(module.tree)}
    assert not LONGER.keys() - names


DOC = '"""What it is for."""\n'
LONG_BODY = "def f():\n" + "    pass\n" * FUNCTION_LINES
PLANTED: list[tuple[Rule, dict[str, str], str]] = [
    (imports_against_the_order, {"planner/units.py": "from planner.plan import x"}, "planner.units:1 imports"),
    (imports_against_the_order, {"planner/units.py": "def f():\n    import planner.plan"}, "imports planner.plan"),
    (imports_against_the_order, {"planner/usage/columns.py": "from planner.usage import read"}, "usage.read"),
    (imports_against_the_order, {"planner/ui/a.py": "import planner.cli"}, "planner.ui.a:1 imports planner.cli"),
    (
        cycles_in_a_folder,
        {"planner/ui/a.py": "import planner.ui.b", "planner/ui/b.py": "from planner.ui.a import x"},
        "planner.ui.a",
    ),
    (relative_imports, {"planner/units.py": "from .errors import PlannerError"}, "imports .errors.PlannerError"),
    (relative_imports, {"planner/units.py": "from . import errors"}, "planner.units:1"),
    (imports_in_init, {"planner/usage/__init__.py": "from planner.usage.read import x"}, "planner.usage/__init__"),
    (imports_over_a_fence, {"planner/risk.py": "import pandas as pd"}, "imports pandas, which belongs in"),
    (imports_over_a_fence, {"planner/cli.py": "def f():\n    import streamlit.web"}, "planner.cli:2 imports streamlit"),
    (imports_over_a_fence, {"planner/mix.py": "import duckdb"}, "duckdb, which belongs in planner.usage"),
    (
        imports_over_a_fence,
        {"planner/mix.py": "from urllib import request"},
        "urllib.request, which belongs in no module",
    ),
    (imports_over_a_fence, {"planner/mix.py": "import pickle"}, "pickle, which belongs in no module"),
    (imports_over_a_fence, {"planner/mix.py": "import polars"}, "polars, which FENCES does not know"),
    (too_long, {"planner/units.py": "\n" * (MODULE_LINES + 1)}, "planner.units has 351 lines"),
    (too_long, {"planner/units.py": LONG_BODY}, "planner.units.f has 41 lines"),
    (too_long, {"planner/units.py": "class A:\n" + LONG_BODY.replace("def", " def")}, "planner.units.A.f has"),
    (without_docstring, {"planner/units.py": "x = 1"}, "planner.units has no docstring"),
    (without_docstring, {"planner/units.py": f"{DOC}def f():\n    pass"}, "planner.units.f has no docstring"),
    (
        without_docstring,
        {"planner/units.py": f"{DOC}class A:\n    def f(self):\n        pass"},
        "planner.units.A.f has no docstring",
    ),
    (
        without_docstring,
        {
            "planner/units.py": f"{DOC}class P(Protocol):\n    def f(self):\n        {DOC}"
            "class A:\n    def f(self): ...\n    def g(self): ...\n"
        },
        "planner.units.A.g has no docstring",
    ),
    (forbidden_calls, {"planner/units.py": "print(1)"}, "planner.units:1 prints"),
    (forbidden_calls, {"planner/units.py": "x = eval('1')"}, "calls eval('1')"),
    (forbidden_calls, {"planner/units.py": "pandas.read_pickle('x')"}, "calls pandas.read_pickle"),
    (forbidden_calls, {"planner/units.py": "numpy.load('x', allow_pickle=True)"}, "allow_pickle"),
]


def plant(root: Path, files: dict[str, str]) -> list[Module]:
    """A tree with the packages of the product and these files."""
    for name in ("planner", "planner/usage", "planner/ui"):
        (root / name).mkdir(exist_ok=True)
        (root / name / "__init__.py").write_text(DOC, encoding="utf-8")
    for name in ("planner/errors.py", "planner/plan.py", "planner/cli.py", "planner/usage/read.py"):
        (root / name).write_text(DOC, encoding="utf-8")
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    return read_modules(root)


@pytest.mark.parametrize(("rule", "files", "message"), PLANTED)
def test_a_planted_violation_is_found_once(rule: Rule, files: dict[str, str], message: str, tmp_path: Path) -> None:
    violations = rule(plant(tmp_path, files))
    assert len(violations) == 1
    assert message in violations[0]


def test_a_module_without_a_place_and_a_place_without_a_module_are_found(tmp_path: Path) -> None:
    modules = plant(tmp_path, {"planner/utils.py": DOC})
    order = ("planner.errors", "planner.plan", "planner.usage.*", "planner.cli", "planner.gone")
    assert unlisted_modules(modules, order) == [
        "planner.utils has no place in ORDER",
        "ORDER names planner.gone, which does not exist",
        "planner.utils: a catch-all name",
    ]


def test_a_late_import_needs_a_row_and_a_row_needs_a_late_import(tmp_path: Path) -> None:
    modules = plant(tmp_path, {"planner/cli.py": "def f():\n    from planner.plan import x\n    import json\n"})
    allowed = {"planner.cli": {"planner": "quick start"}, "planner.plan": {"numpy": "no longer true"}}
    assert late_imports(modules, allowed) == [
        "planner.cli:3 imports json late",
        "LATE allows planner.plan to import numpy late; it does not",
    ]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in (unlisted_modules, late_imports)])
def test_a_tidy_module_breaks_no_rule(rule: Rule, tmp_path: Path) -> None:
    tidy = (
        f"{DOC}import json\n\nimport numpy as np\nimport streamlit as st\n\nfrom planner.errors import PlannerError\n"
        "from planner.plan import build_plan\nfrom planner.ui.widgets import slider\n\n\n"
        f'def page():\n    """{"What it shows. " * 9}\n' + "\n" * FUNCTION_LINES + '    """\n'
        "    st.write(np.load('x'), json.dumps(1), slider(build_plan), PlannerError)\n\n\n"
        "class Totals:\n    @property\n    def rows(self):\n        return 1\n\n\n"
        "def _private():\n    pass\n"
    )
    modules = plant(tmp_path, {"planner/ui/commit_page.py": tidy, "planner/ui/widgets.py": DOC})
    assert rule(modules) == []
