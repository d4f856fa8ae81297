"""Text that looks like a key or a token is never shown: six digits of its digest stand in its place."""

import hashlib
import re
from functools import lru_cache
from typing import Final

DIGEST_DIGITS: Final = 6
SHOWN_AS: Final = "key "

_KNOWN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"Bearer\s+(?P<bearer>[A-Za-z0-9._~+/=-]{8,})"
    r"|sk-ant-[A-Za-z0-9_-]{4,}|sk[-_](?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{12,}"  # Anthropic, OpenAI, LiteLLM, Stripe
    r"|(?:pk|rk|sk)-lf-[A-Za-z0-9-]{12,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    r"|AIza[0-9A-Za-z_-]{30,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"  # a JSON web token
    r")",
    re.IGNORECASE,
)
_PUBLIC_ID: Final = re.compile(r"[a-z]{2,16}_01[A-Za-z0-9]{10,40}")
"""Identifiers that the provider itself shows: apikey_01..., wrkspc_01..., msg_01..."""

_RUN: Final = re.compile(r"(?<![A-Za-z0-9+=_])[A-Za-z0-9+=]{24,}(?![A-Za-z0-9+=])")
_DIGIT_RUNS: Final = re.compile(r"[0-9]+")
_LEAST_DIGIT_RUNS: Final = 3


@lru_cache(maxsize=4096)
def masked(text: str) -> str:
    """The text with everything in it that looks like a secret as "key " and six hex digits of its SHA-256.

    Secrets are keys of known makes (sk-..., Bearer ..., and the like) and unbroken runs of 24 or more letters and
    digits in which digits come up three times or more, as they do in random text and in no word. Identifiers that the
    provider shows (apikey_01...), UUIDs and names stay.
    """
    if len(text) < 12 or _PUBLIC_ID.fullmatch(text):
        return text
    return _RUN.sub(_masked_run, _KNOWN.sub(lambda found: _shown(found["bearer"] or found[0]), text))


def digest(text: str) -> str:
    """The digest by which a secret is told from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]


def _shown(secret: str) -> str:
    return SHOWN_AS + digest(secret)


def _masked_run(found: re.Match[str]) -> str:
    run = found[0]
    is_random = any(map(str.isalpha, run)) and len(_DIGIT_RUNS.findall(run)) >= _LEAST_DIGIT_RUNS
    return _shown(run) if is_random else run
