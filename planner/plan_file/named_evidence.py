"""Evidence that a plan names, read and put in the place of { evidence = "file" } in its routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planner.distributions import Distribution, JudgedEscalation
from planner.errors import InputError, UnknownModelError
from planner.evidence.decide import DEFAULT, decide
from planner.evidence.decision import Bar
from planner.evidence.from_decision import evidence_of_decision
from planner.evidence.graded import read_graded
from planner.evidence.quality import Evidence
from planner.inputs import FileEvidence, PriceInputs
from planner.named_files import NamedFiles
from planner.plan_file.evaluation_sections import EvaluationSection
from planner.plan_file.evidence_file import read_evidence_file
from planner.plan_file.lever_sections import RouteSection, ScenarioSection
from planner.plan_file.mistakes import located
from planner.plan_file.schema import PlanFile
from planner.plan_file.values import NamedEvidence
from planner.prices import PriceBook

_WILD = frozenset("*?[")
_GRADED = frozenset({".jsonl"})


def named_evidence(
    file: PlanFile, prices: PriceInputs, files: NamedFiles
) -> tuple[list[ScenarioSection], tuple[FileEvidence, ...]]:
    """The scenarios of a plan with posteriors of files where their routes name files, and every entry of its files.

    Errors: InputError naming scenario, route or key, the file, what it has, and the remedy.
    """
    reader = EvidenceReader(
        files=files, prices=prices, bars={item.request_type: _bar(item) for item in file.evaluation}
    )
    scenarios = reader.resolved(file.scenario)
    reader.read(file.plan.evidence)
    return scenarios, reader.entries


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReader:
    """The evidence files of a plan. prices: whose names of models count. bars: by which graded files are decided.

    found: files read so far, each once.
    """

    files: NamedFiles
    prices: PriceInputs
    bars: Mapping[str, Bar]
    found: dict[Path, tuple[FileEvidence, ...]] = field(default_factory=dict)
    book: list[PriceBook] = field(default_factory=list)

    def read(self, names: Sequence[str]) -> None:
        """Read what [plan] evidence names: files, and patterns of files. Errors: InputError, also for no match."""
        for name in names:
            place = f"plan.evidence = '{name}'"
            for file in self.files.matching(name, place=place) if _WILD & set(name) else (name,):
                self._entries(file, place)

    def resolved(self, scenarios: Sequence[ScenarioSection]) -> list[ScenarioSection]:
        """The scenarios with the posteriors of files where their routes name files.

        Errors: InputError naming scenario, route, file, what it has, and the remedy.
        """
        return [
            scenario.model_copy(
                update={"route": [self._route(route, f"scenario '{scenario.name}'") for route in scenario.route]}
            )
            for scenario in scenarios
        ]

    @property
    def entries(self) -> tuple[FileEvidence, ...]:
        """Everything that was read, file by file."""
        return tuple(entry for entries in self.found.values() for entry in entries)

    def _route(self, route: RouteSection, scenario: str) -> RouteSection:
        where, changed = f"{scenario}, route of '{route.request_type}' to {route.to}", {}
        for key, value in (("share", route.share), ("escalation", route.escalation)):
            if isinstance(value, NamedEvidence):
                entry = self._picked(value.file, route, f"{where}: {key} = {{ evidence = '{value.file}' }}")
                changed[key] = entry.pass_rate if key == "share" else _escalation(entry, value)
        return route.model_copy(update=changed) if changed else route

    def _picked(self, name: str, route: RouteSection, place: str) -> Evidence:
        """The one entry of a file that speaks of a route."""
        entries = [entry.evidence for entry in self._entries(name, place)]
        of_type = [item for item in entries if item.request_type == route.request_type]
        fits = [item for item in of_type if item.model == route.to] or [
            item for item in of_type if self._same(item.model, route.to)
        ]
        if len(fits) > 1:
            raise InputError(
                f"{place}: the file has {len(fits)} entries on '{route.request_type}' and {route.to}, under the names "
                f"{', '.join(item.model for item in fits)}; keep one"
            )
        if not fits:
            has = ", ".join(f"'{item.request_type}' on {item.model}" for item in entries[:10])
            more = f" and {len(entries) - 10} more" if len(entries) > 10 else ""
            raise InputError(
                f"{place}: the file has no evidence of '{route.request_type}' on {route.to}. It has {has}{more}; "
                "name a file that has it, or grade answers of that model"
            )
        return fits[0]

    def _same(self, one: str, other: str) -> bool:
        if not self.book:
            self.book.append(self.prices.price_book())
        try:
            return self.book[0].resolve(one) == self.book[0].resolve(other)
        except UnknownModelError:
            return False

    def _entries(self, name: str, place: str) -> tuple[FileEvidence, ...]:
        path = self.files.path(name, place=place)
        try:
            key = path.resolve()
        except (OSError, RuntimeError):  # a circle of links: reading it says so
            key = path
        if key not in self.found:
            self.found[key] = tuple(
                FileEvidence(
                    place=f"{name}, evidence[{index}] ('{item.request_type}' on {item.model})",
                    path=path,
                    evidence=item,
                )
                for index, item in enumerate(self._content(path, place), start=1)
            )
        return self.found[key]

    def _content(self, path: Path, place: str) -> tuple[Evidence, ...]:
        if path.suffix == ".toml":
            return read_evidence_file(path, place=place)
        if not _GRADED & set(path.suffixes[-2:]):
            raise InputError(
                f"{place}: {path.name} is no evidence; name an evidence file (.toml), or a file of graded answers "
                "(.jsonl, also .jsonl.gz and .jsonl.zst)"
            )
        graded = located(place, read_graded, [path])
        return tuple(
            evidence_of_decision(item, self.bars.get(item.request_type, DEFAULT))
            for item in located(place, decide, graded, self.bars)
        )


def _bar(section: EvaluationSection) -> Bar:
    return Bar(bar=section.bar, margin=section.margin, answers=section.answers, looks=section.looks)


def _escalation(entry: Evidence, named: NamedEvidence) -> Distribution:
    """q of an entry, with the judge's errors as the plan has them beside, else as the file has them, else none."""
    return JudgedEscalation(
        pass_rate=entry.pass_rate,
        fnr=named.fnr if named.fnr is not None else entry.fnr or 0.0,
        fpr=named.fpr if named.fpr is not None else entry.fpr or 0.0,
    )
