"""Names: every spelling that people and clouds use is read strictly; what is no model's name is refused with why."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import UnknownModelError
from planner.price_data.names import cloud_in_name, endpoint_in_name, parse_name
from planner.prices import PriceBook

BOOK = PriceBook.load()
TODAY = date(2026, 11, 23)

SPELLINGS = {
    # as people write them
    "Claude Opus 5.5": "claude-opus-5-5",
    "Opus 5.5": "claude-opus-5-5",
    "  sonnet  4.5 ": "claude-sonnet-4-5",
    "claude 3.5 sonnet": "claude-3-5-sonnet-20241022",
    "Claude Sonnet 3.5": "claude-3-5-sonnet-20241022",
    "Sonnet 4.5 (latest)": "claude-sonnet-4-5",
    "Claude Opus 4.5 (20251101)": "claude-opus-4-5",
    "claude 3.5 sonnet (20240620)": "claude-3-5-sonnet-20240620",
    "Claude Opus 4": "claude-opus-4",
    "Claude 4 Opus": "claude-opus-4",
    "Haiku 3": "claude-3-haiku",
    "claude_haiku_5_5": "claude-haiku-5-5",
    "Fable 5.2": "claude-fable-5-2",
    "Mythos 5.2": "claude-mythos-5-2",
    "claude-opus-4.0": "claude-opus-4",
    # as the API writes them
    "claude-opus-4-5-20251101": "claude-opus-4-5",
    "claude-3-5-sonnet-20240620": "claude-3-5-sonnet-20240620",
    "claude-opus-4-6[1m]": "claude-opus-4-6",
    "claude-instant-1.2": "claude-instant-1",
    # OpenRouter and LiteLLM
    "anthropic/claude-sonnet-4.5": "claude-sonnet-4-5",
    "openrouter/anthropic/claude-3.7-sonnet:thinking": "claude-3-7-sonnet",
    "bedrock/us-east-1/anthropic.claude-sonnet-4-20250514-v1:0": "claude-sonnet-4",
    "bedrock/converse/us.anthropic.claude-opus-4-6-v1": "claude-opus-4-6",
    "vertex_ai/claude-sonnet-4-5@20250929": "claude-sonnet-4-5",
    "vertex_ai/claude-3-5-sonnet-v2@20241022": "claude-3-5-sonnet-20241022",
    "vertex_ai/claude-3-5-sonnet@20240620": "claude-3-5-sonnet-20240620",
    # Bedrock
    **{
        f"{place}anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5"
        for place in ("", "us.", "eu.", "apac.", "jp.", "au.", "us-gov.", "global.")
    },
    "anthropic.claude-3-5-sonnet-20241022-v2:0": "claude-3-5-sonnet-20241022",
    "anthropic.claude-3-5-sonnet-20240620-v1:0:200k": "claude-3-5-sonnet-20240620",
    "anthropic.claude-3-haiku-20240307-v1:0:48k": "claude-3-haiku",
    "anthropic.claude-instant-v1": "claude-instant-1",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-5-20251101-v1:0": "claude-opus-4-5",
    "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-5-5": "claude-opus-5-5",
    "arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0": (
        "claude-sonnet-4-5"
    ),
    "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fanthropic.claude-opus-5-5": "claude-opus-5-5",
    "bedrock/arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-5-5": "claude-opus-5-5",
    # Vertex AI
    "publishers/anthropic/models/claude-haiku-5-5@20261007": "claude-haiku-5-5",
    "projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4@20250514": "claude-opus-4",
    "claude-sonnet-4-5@default": "claude-sonnet-4-5",
    "claude-sonnet-5-5@latest": "claude-sonnet-5-5",
}


@pytest.mark.parametrize(("name", "model"), SPELLINGS.items())
def test_a_spelling_resolves(name: str, model: str) -> None:
    assert BOOK.resolve(name) == model


NO_MODEL = {
    "arn:aws:bedrock:us-east-1:1:application-inference-profile/k3x9claude": "does not say its model",
    "arn:aws:bedrock:us-east-1:1:application-inference-profile/claude-opus-5-5": "does not say its model",
    "arn:aws:bedrock:us-east-1:1:provisioned-model/abc123": "bought by the hour",
    "arn:aws:bedrock:us-east-1:1:custom-model/anthropic.claude-3-haiku-20240307-v1:0/abc": "prices of its own",
    "arn:aws:bedrock:us-east-1:1:default-prompt-router/anthropic.claude:1": "one of several models",
    "opus": "no version",
    "claude-opus": "no version",
    "Claude Sonnet (latest)": "no version",
    "claude-latest": "no version",
    "opusplan": "no version",
    "default": "no version",
}


@pytest.mark.parametrize(("name", "why"), NO_MODEL.items())
def test_what_names_no_model_is_refused_with_the_reason_and_the_remedy(name: str, why: str) -> None:
    with pytest.raises(UnknownModelError) as error:
        BOOK.price(name, TODAY)
    for part in (repr(name), why, "[prices.aliases]", "[[prices.override]]"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-5-5-mini",
        "claude-opus-5-5-preview",
        "claude-opus-5-5-fast",
        "claude-opus-4-6-fast",
        "my-claude-opus-5-5",
        "claude-opus-5-5-20261399",
        "claude-3-5-sonnet-20240101",
        "claude-3-5-sonnet-v3@20241022",
        "claude-opus-5-5-v2:0",
        "anthropic.claude-opus-4-5-20251101-v2:0",
        "claude-opus-4-55",
        "claude-opus-45",
        "opus-5-5-opus",
        "Claude 3.5 Sonnet (New)",
        "narnia.anthropic.claude-opus-5-5",
        "claude-instant-1.1",
    ],
)
def test_what_is_nearly_a_name_is_no_name(name: str) -> None:
    with pytest.raises(UnknownModelError):
        BOOK.resolve(name)


KNOWN = {parsed.model for model in BOOK.models() if (parsed := parse_name(model)) is not None}
FAMILIES = ("haiku", "sonnet", "opus", "fable", "mythos")
WRAPPED = st.sampled_from(
    [
        "claude-{f}-{v}",
        "Claude {f} {d}",
        "{d}-{f}",
        "anthropic/claude-{f}-{d}",
        "us.anthropic.claude-{f}-{v}-v1:0",
        "vertex_ai/claude-{f}-{v}@20270101",
        "claude-{v}-{f}-latest",
        "claude-{f}-{v}[1m]",
    ]
)


@given(st.sampled_from(FAMILIES), st.integers(0, 12), st.integers(0, 12) | st.none(), WRAPPED)
def test_a_version_resolves_to_itself_or_is_refused(family: str, major: int, minor: int | None, shape: str) -> None:
    numbers = [str(part) for part in (major, minor) if part is not None]
    name = shape.format(f=family, v="-".join(numbers), d=".".join(numbers))
    try:
        found = parse_name(BOOK.resolve(name))
    except UnknownModelError:
        # refused: a model that does not exist, or a day on which no 3.5 Sonnet was made
        assert (family, (major, minor or 0)) not in KNOWN or (family, major, minor) == ("sonnet", 3, 5)
        return
    assert found is not None
    assert found.model == (family, (major, minor or 0))


@given(st.sampled_from(sorted(SPELLINGS)), st.sampled_from("abcxyz0123456789-.v:"), st.booleans())
def test_one_more_character_never_makes_another_model(name: str, extra: str, before: bool) -> None:
    changed = f"{extra}{name.strip()}" if before else f"{name.strip()}{extra}"
    try:
        found = BOOK.resolve(changed)
    except UnknownModelError:
        return
    spelled = parse_name(changed)
    assert found == SPELLINGS[name] or (spelled is not None and parse_name(found) is not None)
    if found != SPELLINGS[name]:
        assert spelled is not None
        ours = parse_name(found)
        assert ours is not None
        assert ours.model == spelled.model


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("claude-opus-5-5", None),
        ("vertex_ai/claude-opus-5-5", None),
        ("global.anthropic.claude-opus-5-5", "global"),
        ("us.anthropic.claude-opus-5-5", "regional"),
        ("anthropic.claude-opus-5-5", "regional"),
        ("bedrock/eu-central-1/anthropic.claude-opus-5-5", "regional"),
        ("bedrock/global.anthropic.claude-opus-5-5", "global"),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-5-5", "regional"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-5-5", "global"),
        ("projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-5-5", "regional"),
        ("projects/p/locations/global/publishers/anthropic/models/claude-opus-5-5", "global"),
    ],
)
def test_the_endpoint_in_a_name(name: str, endpoint: str | None) -> None:
    assert endpoint_in_name(name) == endpoint


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("claude-opus-5-5", None),
        ("Claude Opus 5.5", None),
        ("claude-opus-4-5-20251101", None),
        ("anthropic/claude-opus-5", None),
        ("us.anthropic.claude-opus-5-5", "bedrock"),
        ("anthropic.claude-opus-5-5", "bedrock"),
        ("bedrock/claude-opus-5-5", "bedrock"),
        ("bedrock/eu-central-1/anthropic.claude-opus-5-5", "bedrock"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-5-5", "bedrock"),
        ("claude-opus-4-5@20251101", "vertex"),
        ("vertex_ai/claude-opus-5-5", "vertex"),
        ("projects/p/locations/global/publishers/anthropic/models/claude-opus-5-5", "vertex"),
    ],
)
def test_the_cloud_in_a_name(name: str, cloud: str | None) -> None:
    assert cloud_in_name(name) == cloud
