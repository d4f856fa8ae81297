"""The login by OpenID Connect, said by environment variables alone: no file holds a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from planner.errors import InputError

ISSUER: Final = "PLANNER_OIDC_ISSUER"
CLIENT_ID: Final = "PLANNER_OIDC_CLIENT_ID"
CLIENT_SECRET: Final = "PLANNER_OIDC_CLIENT_SECRET"
REDIRECT_URI: Final = "PLANNER_OIDC_REDIRECT_URI"
COOKIE_SECRET: Final = "PLANNER_OIDC_COOKIE_SECRET"
ALLOW: Final = "PLANNER_OIDC_ALLOW"
HOURS: Final = "PLANNER_OIDC_HOURS"
SECRETS: Final = (CLIENT_SECRET, COOKIE_SECRET)
_NEEDED: Final = (ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, COOKIE_SECRET, ALLOW)

CALLBACK: Final = "/oauth2callback"
_LEAST_SECRET: Final = 32
_MOST_HOURS: Final = 24 * 30
_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who of those that the provider knows may come in, and for how long.

    allow: addresses, @domains, or * for everyone. hours: after the login; None for as long as the provider's token
    is good.
    """

    allow: tuple[str, ...]
    hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An OpenID Connect client. redirect_uri: the address of the app, with the path that the provider returns to."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)
    redirect_uri: str
    admission: Admission

    @property
    def host(self) -> str:
        """The name by which browsers reach the app."""
        return urlsplit(self.redirect_uri).hostname or ""

    @property
    def base_path(self) -> str:
        """The path below which the app is, without slashes at its ends."""
        return urlsplit(self.redirect_uri).path.removesuffix(CALLBACK).strip("/")

    def streamlit_secrets(self) -> dict[str, Any]:
        """As Streamlit's own secrets spell them."""
        return {
            "auth": {
                "redirect_uri": self.redirect_uri,
                "cookie_secret": self.cookie_secret,
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "server_metadata_url": f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
            }
        }


def is_asked_for(environ: Mapping[str, str]) -> bool:
    """Whether any variable of the login is set: a login that is half described is a mistake, not an open door."""
    return any(environ.get(name, "").strip() for name in (*_NEEDED, HOURS))


def login_settings(environ: Mapping[str, str]) -> Login | None:
    """The login that the environment describes, None where it describes none. Errors: InputError; never a secret."""
    if not is_asked_for(environ):
        return None
    given = {name: environ.get(name, "").strip() for name in _NEEDED}
    if missing := [name for name, value in given.items() if not value]:
        raise InputError(f"the login lacks {', '.join(missing)}: set all of {', '.join(_NEEDED)}, or none")
    if len(given[COOKIE_SECRET]) < _LEAST_SECRET:
        raise InputError(
            f"{COOKIE_SECRET} is shorter than {_LEAST_SECRET} characters; make one with `openssl rand -hex 32`"
        )
    _check_address(ISSUER, given[ISSUER])
    _check_address(REDIRECT_URI, given[REDIRECT_URI])
    if not urlsplit(given[REDIRECT_URI]).path.endswith(CALLBACK):
        raise InputError(f"{REDIRECT_URI} = {given[REDIRECT_URI]}: add {CALLBACK} to the app's address")
    return Login(
        issuer=given[ISSUER],
        client_id=given[CLIENT_ID],
        client_secret=given[CLIENT_SECRET],
        cookie_secret=given[COOKIE_SECRET],
        redirect_uri=given[REDIRECT_URI],
        admission=admission(environ),
    )


def admission(environ: Mapping[str, str]) -> Admission:
    """Who may come in; nobody where nothing is said. Errors: InputError."""
    names = tuple(environ.get(ALLOW, "").lower().replace(",", " ").split())
    for name in names:
        if name != "*" and not (name.count("@") == 1 and name.rpartition("@")[2]):
            raise InputError(f"{ALLOW}: '{name}' is neither an address, nor a domain as @example.com, nor *")
    return Admission(allow=names, hours=_hours(environ.get(HOURS, "").strip()))


def _hours(given: str) -> float | None:
    if not given:
        return None
    try:
        hours = float(given)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= _MOST_HOURS:
        raise InputError(f"{HOURS} = {given}: give hours, more than 0 and at most {_MOST_HOURS}, or leave it out")
    return hours


def _check_address(name: str, address: str) -> None:
    """Secrets and tokens travel there: encrypted, or not beyond this machine."""
    parts = urlsplit(address)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InputError(f"{name} = {address}: give a whole address, as https://login.example.com")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _THIS_MACHINE):
        raise InputError(f"{name} = {address}: it has to begin with https://")
