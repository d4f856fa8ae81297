"""What would resolve an uncertain input, in words that a buyer can act on."""

from typing import Final

from planner.negotiation.resolving import LEAVER, LONGEST_MONTHS, Resolution
from planner.words import count

_OF_A_SHARE: Final = {
    "escalation": "an evaluation sample: {} graded answers",
    "share": "a sample of requests: {} looked at by who knows the work",
    "rule_fraction": "a trial of the rule: {} requests",
    "cacheable_fraction": "a sample of prompts: at most {} looked at for what repeats",
    "hit_rate": "a trial with the cache on: at most {} requests",
    "cut": "a trial of the cut: at most {} answers",
}
_OF_HISTORY: Final = {
    "level": "of use",
    "growth": "more of use",
    "token drift": "more of tokens per request in the log",
}


def resolved_by(key: str, found: Resolution) -> str:
    """What would resolve an input, named as its score is, or why nothing does before signing; without a full stop."""
    if found.kind == "answers":
        return _answers(key, found)
    if found.kind == "history":
        return _history(key, found)
    if found.kind in ("adoption", "date"):
        return _dated(key, found)
    if found.kind == "people":
        return _people(key)
    if key == "rebound":
        return "only usage after requests have become cheaper shows it"
    return {
        "afterwards": "nobody can know it before it has happened",
        "clause": "nobody can know it before signing; a clause can take it: price protection, or falls passed through",
        "chance": "nobody can know it before signing: it is what months to come bring; rollover or a right to reduce "
        "can take some of it",
    }[found.kind]


def _answers(key: str, found: Resolution) -> str:
    if found.half is None or found.most is None:
        return "nothing more: it does not vary"
    sample = _OF_A_SHARE[key.rpartition(".")[2]].format(count(found.most))
    return f"{sample} resolve 80% of it on average, {count(found.half)} half of it"


def _history(key: str, found: Resolution) -> str:
    if found.half is None:
        return "it cannot be learned before signing: ups and downs hide it, however many months are watched"
    watched = f"{_months(found.half)} {_OF_HISTORY[key]}"
    if found.half > LONGEST_MONTHS:
        return f"it cannot be learned before signing: half of it takes {watched}"
    most = "; no history resolves 80%" if found.most is None else f", 80% in {_months(found.most)}"
    return f"half of it is known after {watched}{most}"


def _months(number: int) -> str:
    return f"{number} month{'' if number == 1 else 's'}"


def _dated(key: str, found: Resolution) -> str:
    if found.kind == "adoption":
        return f"it shows when the lever is at work{_by_month(found.month)}"
    if key.startswith("team/"):
        return "it shows when the team's first work is due; ask the team what else it has promised"
    return f"it shows at its date{_by_month(found.month)}; a firm date from who does the work comes sooner"


def _by_month(month: float | None) -> str:
    """By when: months count from the contract's first, which is month 1 to people."""
    if month is None:
        return ""
    whole = round(month)
    if whole < 0:
        return f", about {_months(-whole)} before the contract starts"
    return f", about month {whole + 1} of the contract"


def _people(key: str) -> str:
    if key == LEAVER:
        return "ask whoever runs the largest type, or the customer, for their plans and for the date of a renewal"
    if key.endswith(" month"):
        return "ask whoever plans it for a date"
    return "ask whoever decides on it, or sign after they have decided"
