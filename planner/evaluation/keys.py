"""The name of a request to a model, by which its answer is found again: nothing is asked and paid for twice."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal

from planner.evaluation.evaluation import ModelRequest, SampleRequest


def canonical_json(value: Any) -> str:
    """JSON of one spelling: keys in order, no spaces, no letters escaped that need not be; NaN is an error."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def is_nested_beyond(value: Any, levels: int) -> bool:
    """Whether lists and objects stand in each other more than so many deep; of JSON that was read, at any depth."""
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def model_request(
    model: str,
    params: Mapping[str, Any],
    *,
    purpose: Literal["candidate", "reference", "judge"],
    request_type: str,
    repeat: int = 0,
) -> ModelRequest:
    """A request to a model. repeat: which of several equal ones, each to be answered by itself."""
    key = sha256(canonical_json([model, params, repeat]).encode("utf-8", "surrogatepass")).hexdigest()
    return ModelRequest(key=key, model=model, params=params, purpose=purpose, request_type=request_type)


def sample_requests(
    model: str, sample: Sequence[SampleRequest], *, purpose: Literal["candidate", "reference"]
) -> tuple[ModelRequest, ...]:
    """The requests of a sample to one model, in the sample's order. Equal ones are each asked: the second is a repeat.

    sample: of one draw from its beginning on, so that a longer one has the same keys there.
    """
    seen: Counter[str] = Counter()
    found = []
    for item in sample:
        spelled = canonical_json(item.params)
        found.append(
            model_request(model, item.params, purpose=purpose, request_type=item.request_type, repeat=seen[spelled])
        )
        seen[spelled] += 1
    return tuple(found)


def prompt_sha256(sample: list[SampleRequest]) -> str:
    """What a type's requests have in common: a hash of all that is not their messages, in any order of the requests.

    It changes with the system prompt, the tools and the settings of the model, and not with what users write.
    """
    fixed = {
        canonical_json({name: value for name, value in item.params.items() if name != "messages"}) for item in sample
    }
    return sha256(canonical_json(sorted(fixed)).encode("utf-8", "surrogatepass")).hexdigest()
