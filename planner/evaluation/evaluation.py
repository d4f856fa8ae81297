"""What is to be shown of which models on a request type, and how answers to it are graded: [[evaluation]] of a plan.

Answers are data. A grader compares them and a judge reads them; nothing in an answer is followed, run or formatted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from planner.evidence.decision import PLANNED_ANSWERS, PLANNED_LOOKS
from planner.evidence.quality import DEFAULT_BAR

DEFAULT_ANSWERS: Final = PLANNED_ANSWERS
"""Answers per candidate within which a question is meant to be settled."""

DEFAULT_LOOKS: Final = PLANNED_LOOKS
"""How often the answers of an evaluation are looked at on the way there, the last time included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactGrader:
    """Passes where the answer's text is the expected one, byte for byte after white space around it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextGrader:
    """Passes where both texts are the same without case, width of letters, runs of white space and punctuation."""

    keep_punctuation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberGrader:
    """Passes where the last number of the answer is the expected one, within either tolerance."""

    absolute: float = 0.0
    relative: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternGrader:
    """Passes where a regular expression is found in the answer; the whole answer with `whole`."""

    pattern: str
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaGrader:
    """Passes where the answer is JSON (bare, fenced, or the input of a tool call) that a JSON schema accepts.

    compare: and equal to the expected JSON, where the request has some.
    """

    schema: Mapping[str, Any]
    compare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGrader:
    """Passes where the answer's items overlap the expected ones by at least so much.

    Items are those of a JSON list, else the text split at the separator. jaccard: |A and E| / |A or E|; recall:
    |A and E| / |E|.
    """

    separator: str = ","
    measure: Literal["jaccard", "recall"] = "jaccard"
    least: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonGrader:
    """Passes where a callable of an installed package says so: its name among the entry points of `planner.graders`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeGrader:
    """Passes where a model finds the answer no worse than the reference by a rubric, in both orders of the two."""

    model: str
    rubric: str
    max_tokens: int = 1024


Grader = ExactGrader | TextGrader | NumberGrader | PatternGrader | SchemaGrader | SetGrader | PythonGrader | JudgeGrader


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is to be shown on one request type.

    samples: files of requests (JSONL, also .gz and .zst), absolute. candidates: models to try, as typed; empty: the
    current model of every cheaper tier. reference: the model whose answers are the standard, None for the one that
    serves the type today. margin: with it, a candidate's pass rate also has to be no more than so much below that of
    the reference on the same requests. answers, looks: the schedule that decisions follow.
    """

    request_type: str
    samples: tuple[Path, ...]
    grader: Grader
    candidates: tuple[str, ...] = ()
    reference: str | None = None
    bar: float = DEFAULT_BAR
    margin: float | None = None
    answers: int = DEFAULT_ANSWERS
    looks: int = DEFAULT_LOOKS


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """One request of a sample, as it would be sent: params are those of the Messages API without the model.

    expected: any JSON value; has_expected tells null from none. reference: the text of the current model's answer.
    """

    request_type: str
    id: str
    params: Mapping[str, Any]
    expected: Any = None
    has_expected: bool = False
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One request to one model. key: the same for the same model, params and repeat, and for nothing else.

    purpose: "candidate", "reference" or "judge", for the count of costs; request_type: for whose question it is paid.
    """

    key: str
    model: str
    params: Mapping[str, Any]
    purpose: Literal["candidate", "reference", "judge"]
    request_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's answer as it arrived. content: the blocks of the message; served_model: as the reply names it.

    tokens: uncached input, cache read, 5-minute and 1-hour writes, output, as billed. cost_usd: at list on that day,
    half of it in a batch.
    """

    key: str
    model: str
    served_model: str
    content: tuple[Mapping[str, Any], ...]
    stop_reason: str
    tokens: tuple[int, int, int, int, int]
    cost_usd: float
    is_batch: bool
    answered_at: str

    @property
    def text(self) -> str:
        """The text of the answer: its text blocks one after the other."""
        return "".join(str(block.get("text", "")) for block in self.content if block.get("type") == "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingLimits:
    """How requests are sent. budget_usd: never more than this is spent by a run, what is in flight included.

    concurrency: live requests at once. in_batches: through Message Batches, at half the price. max_retries: the SDK's.
    """

    budget_usd: float
    concurrency: int = 4
    in_batches: bool = False
    max_retries: int = 5
    poll_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of the requests of a run. Counts of requests; dollars of this run.

    known: had an answer in the store before. refused: the API will never answer them, by its own words, with how many.
    failed: no answer this time, a later run asks again. left: not asked, because the budget is spent or the run was
    stopped. doubtful_usd: at worst, of attempts that were sent and brought no reply. waiting: in batches not ended yet.
    """

    known: int
    answered: int
    refused: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    left: int = 0
    waiting: int = 0
    spent_usd: float = 0.0
    doubtful_usd: float = 0.0


class Asker(Protocol):
    """Whoever puts requests to models and knows what was answered before."""

    def __call__(self, requests: Sequence[ModelRequest]) -> Mapping[str, Answer]:
        """Answers by the key of their request; a request without one was refused, failed or left. Errors: UsageError
        where nothing can be asked at all, such as without a key."""
        ...
