"""Who is logged in: what the provider's ID token says of them, how long that holds, and whether they may come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from planner.ui.hosted.login_settings import Admission

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom the provider vouches for. email: lower case, empty where none is vouched for.

    ends_at: seconds since 1970 at which the login ends.
    """

    issuer: str
    subject: str
    email: str
    name: str
    ends_at: float

    @property
    def key(self) -> str:
        """64 hex digits that stand for this person alone: a provider never gives a subject to somebody else."""
        return sha256(f"{self.issuer}\0{self.subject}".encode()).hexdigest()


def person_of(claims: Mapping[str, Any], admission: Admission) -> Person | None:
    """The person whom claims of an ID token describe; None where nobody is logged in, or claims that are needed lack.

    An address that the provider says is not verified is none.
    """
    issuer, subject, ends_at = claims.get("iss"), claims.get("sub"), _ends_at(claims, admission)
    if claims.get("is_logged_in") is not True or ends_at is None:
        return None
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        return None
    email = claims.get("email")
    is_vouched_for = isinstance(email, str) and claims.get("email_verified", True) in (True, "true")
    return Person(
        issuer=issuer,
        subject=subject,
        email=email.strip().lower() if is_vouched_for else "",
        name=str(claims.get("name") or claims.get("preferred_username") or ""),
        ends_at=ends_at,
    )


def is_allowed(person: Person, admission: Admission) -> bool:
    """Whether a person is on the list."""
    domain = person.email.rpartition("@")[2]
    return any(name == "*" or (person.email and name in (person.email, f"@{domain}")) for name in admission.allow)


def _ends_at(claims: Mapping[str, Any], admission: Admission) -> float | None:
    """When the login ends: when the token does, unless hours after its making are given."""
    if admission.hours is None:
        return _seconds(claims.get("exp"))
    made_at = _seconds(claims.get("iat"))
    return None if made_at is None else made_at + admission.hours * _SECONDS_PER_HOUR


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
