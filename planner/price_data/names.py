"""What a log, a cloud or a person calls a model, reduced to the provider's own spelling of it."""

import re
from typing import Final

_REGION: Final = re.compile(r"^(?:(?P<region>[a-z]{2,}(?:-[a-z]+)*)\.)?(?:anthropic\.)?(?=claude)")
_BEDROCK_REVISION: Final = re.compile(r"(?<=\d)-v\d+(?::\d+)*(?::\d+k)?$")
_CONTEXT: Final = re.compile(r"\[1m\]$")
_ANOTHER_VERSION: Final = re.compile(r"^(?:\d|[-.](?!0\b)\d{1,2}(?!\d)|.*-fast\b)")


def plain_name(name: str) -> str:
    """The model in a name: lower case, without path or ARN, region, revision, '@' before a date, spaces.

    'arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0' is
    'claude-opus-4-5-20251101'; 'Claude Opus 5' is 'claude-opus-5'.
    """
    text = re.sub(r"\s+", "-", name.strip().lower().rpartition("/")[2])
    text = _CONTEXT.sub("", _REGION.sub("", text))
    return _BEDROCK_REVISION.sub("", text).replace("@", "-").removesuffix("-default").removesuffix("-latest")


def says_regional(name: str) -> bool:
    """Whether a Bedrock name asks for a region: 'us.anthropic.claude...', or the bare 'anthropic.claude...'."""
    text = name.strip().lower().rpartition("/")[2]
    return "anthropic.claude" in text and not text.startswith("global.")


def is_another_version(name: str, known: str) -> bool:
    """Whether a name that begins like a known model is a different one: 4-10 beside 4-1, or its fast variant.

    Prefix rules would price a model that does not exist yet at the price of an older one.
    """
    return name.startswith(known) and bool(_ANOTHER_VERSION.match(name[len(known) :]))
