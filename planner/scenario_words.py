"""What a scenario is, and what names it, in words."""

from planner.levers import Scenario
from planner.plan_file.scenario_text import Mentions
from planner.words import counted


def lever_words(scenario: Scenario) -> str:
    """Its levers, counted by kind: "2 routes, 1 batch lever"; the mix as it is without any."""
    kinds = (
        (scenario.routes, "route", "routes"),
        (scenario.caches, "caching lever", "caching levers"),
        (scenario.batches, "batch lever", "batch levers"),
        (scenario.outputs, "shorter output", "shorter outputs"),
    )
    said = [counted(len(levers), one, many) for levers, one, many in kinds if levers]
    return ", ".join(said) if said else "no levers: the mix as it is"


def mention_sentences(said: Mentions) -> tuple[str, ...]:
    """What goes with a scenario that is removed, a sentence each; none where nothing names it."""
    found = []
    if said.weight is not None:
        found.append(
            f"The decision weighs it with {said.weight:g}: that goes too, and the other weights share its part."
        )
    if said.assumptions:
        keys = ", ".join(said.assumptions)
        found.append(
            f"Who answers for its keys goes too, {counted(len(said.assumptions), 'entry', 'entries')}: {keys}."
        )
    return tuple(found)
