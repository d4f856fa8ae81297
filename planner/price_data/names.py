"""What a log, a cloud or a person calls a model, read strictly: a name is a model's, or it is not known.

No prefix rule and no nearest match prices anything: claude-opus-4-10 is not claude-opus-4-1.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from urllib.parse import unquote

Endpoint = Literal["global", "regional"]
Cloud = Literal["bedrock", "vertex"]

_FAMILIES: Final = ("haiku", "sonnet", "opus", "fable", "mythos", "instant")
_FAMILY: Final = "|".join(_FAMILIES)
_TIER_WORDS: Final = {"haiku": "haiku", "sonnet": "sonnet", "opus": "opus", "fable": "fable", "mythos": "fable"}
_VERSION: Final = r"\d{1,2}(?:-\d{1,2})?"
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:(?:bedrock|sagemaker):(?P<region>[a-z0-9-]*):\d*:(?P<kind>[a-z-]+)/(?P<id>.+)$"
)
_PLACE: Final = re.compile(r"^(?P<place>global|regional|apac|us-gov|[a-z]{2})\.(?=anthropic\.)")
_AWS_REGION: Final = re.compile(r"(?:^|/)[a-z]{2}(?:-[a-z]+)+-\d+/")
_LOCATION: Final = re.compile(r"(?:^|/)locations/([a-z0-9-]+)/")
_BEDROCK_PATH: Final = re.compile(r"(?:^|/)(?:aws-)?bedrock(?:_converse)?/")
_VERTEX: Final = re.compile(r"(?:^|/)(?:vertex(?:_ai)?|publishers/anthropic)/|@(?:20\d{6}|default|latest)$")
_SUFFIX: Final = re.compile(r"(?:\[\d+[mk]\]|:\d+[mk]|:thinking|-?\(latest\)|[-@]default|[-@:]latest)$")
_BRACKETED_DAY: Final = re.compile(r"-?\((20\d{6})\)$")
_DASHED_DAY: Final = re.compile(r"-(20\d{2})-(\d{2})-(\d{2})$")
_REVISION: Final = re.compile(r"(?:(?<=\d)-v1|(?<=-20241022)-v2)(?::\d+)*$")
_MODEL: Final = re.compile(
    rf"^(?:claude-)?(?:(?P<family>{_FAMILY})-(?P<version>{_VERSION})|(?P<version2>{_VERSION})-(?P<family2>{_FAMILY}))"
    r"(?P<second>-v2)?(?:-(?P<day>20\d{6}))?$"
)
_SECOND_EDITION: Final = ("sonnet", (3, 5))
"""The one model that a cloud calls v2."""

_UNNAMED: Final = {
    "application-inference-profile": "the id of an application inference profile does not say its model",
    "provisioned-model": "provisioned throughput is bought by the hour and its ARN does not say the model",
    "provisioned-model-throughput": "provisioned throughput is bought by the hour and its ARN does not say the model",
    "custom-model": "a custom model has prices of its own",
    "custom-model-deployment": "a custom model has prices of its own",
    "imported-model": "an imported model has prices of its own",
    "prompt-router": "a prompt router answers with one of several models",
    "default-prompt-router": "a prompt router answers with one of several models",
    "endpoint": "an endpoint's ARN does not say its model",
}
_MODEL_ARNS: Final = ("foundation-model", "inference-profile")
_FAMILY_ONLY: Final = re.compile(
    r"^(?:claude|(?:claude-)?(?:haiku|sonnet|opus|fable|mythos)(?:plan)?|default|best|auto)?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """The parts of a name that say which model it is. version: (4, 5); a version 4.0 is (4, 0), and so is 4.

    snapshot: the day of a dated id, None where the name has none.
    """

    family: str
    version: tuple[int, int]
    snapshot: date | None = None

    @property
    def model(self) -> tuple[str, tuple[int, int]]:
        return self.family, self.version


def plain_name(name: str) -> str:
    """The model in a name, lower case: without path, ARN, region, context length, revision, 'latest' and spaces.

    'arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0' is
    'claude-opus-4-5-20251101'; 'Claude Opus 5' is 'claude-opus-5',
    'Claude 3.5 Sonnet 2024-10-22' is 'claude-3.5-sonnet-20241022'.
    """
    text = re.sub(r"[\s_]+", "-", _last_part(name))
    text = _PLACE.sub("", text).removeprefix("anthropic.")
    text = _DASHED_DAY.sub(r"-\1\2\3", text)
    shorter = _SUFFIX.sub("", text)
    while shorter != text:
        text, shorter = shorter, _SUFFIX.sub("", shorter)
    return _REVISION.sub("", _BRACKETED_DAY.sub(r"-\1", text)).replace("@", "-")


def parse_name(name: str) -> ModelName | None:
    """Which model a name spells out, by family and version in either order; None where it does not."""
    match = _MODEL.match(plain_name(name).replace(".", "-"))
    if match is None:
        return None
    parts = [int(part) for part in (match["version"] or match["version2"]).split("-")]
    day = _day(match["day"])
    if match["day"] and day is None:
        return None
    found = ModelName(
        family=match["family"] or match["family2"],
        version=(parts[0], parts[1] if len(parts) > 1 else 0),
        snapshot=day,
    )
    return None if match["second"] and found.model != _SECOND_EDITION else found


def endpoint_in_name(name: str) -> Endpoint | None:
    """The cloud endpoint that a name says: of Bedrock by its prefix, ARN or path, of Vertex AI by its location.

    None where it says neither, as a plain model id does.
    """
    text = _text(name)
    last = _last_part(name)
    if place := _PLACE.match(last):
        return "global" if place["place"] == "global" else "regional"
    if location := _LOCATION.search(text):
        return "global" if location[1] == "global" else "regional"
    if last.startswith("anthropic.") or _AWS_REGION.search(text):
        return "regional"
    return None


def cloud_in_name(name: str) -> Cloud | None:
    """The cloud whose name of a model this is: an id or ARN of Bedrock, a version or path of Vertex AI; None else."""
    text, last = _text(name), _last_part(name)
    if last.startswith("anthropic.") or _PLACE.match(last) or _ARN.search(text) or _BEDROCK_PATH.search(text):
        return "bedrock"
    return "vertex" if _VERTEX.search(text) or _LOCATION.search(text) else None


def is_govcloud(name: str) -> bool:
    """Whether a Bedrock name is one of AWS GovCloud."""
    return "us-gov." in _text(name) or "arn:aws-us-gov:" in _text(name) or "/us-gov-" in _text(name)


def tier_in_name(model: str) -> str:
    """haiku, sonnet, opus, fable (the tier above Opus), or other, as far as a name says it."""
    return next((tier for word, tier in _TIER_WORDS.items() if word in model.lower()), "other")


def unnamed_reason(name: str) -> str | None:
    """Why a name cannot say which model it is; None where it could."""
    if (arn := _ARN.search(_text(name))) and arn["kind"] not in _MODEL_ARNS:
        return _UNNAMED.get(arn["kind"], f"an ARN of {arn['kind']} does not say its model")
    if _FAMILY_ONLY.match(plain_name(name)):
        return "it says no version, and versions differ in price"
    return None


def _text(name: str) -> str:
    return unquote(name.strip().lower())


def _last_part(name: str) -> str:
    text = _text(name)
    arn = _ARN.search(text)
    return (arn["id"] if arn else text).rpartition("/")[2]


def _day(digits: str | None) -> date | None:
    if digits is None:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
