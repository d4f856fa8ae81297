"""How the app is served: where it listens, by which names it answers, below which path."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from planner.errors import InputError
from planner.ui.hosted.login_settings import REDIRECT_URI, Login

THIS_MACHINE: Final = ("127.0.0.1", "localhost")
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)?")
_NAME: Final = re.compile(r"(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """host: the address to listen on. names: by which browsers may ask. base_path: without slashes at its ends."""

    host: str
    port: int
    names: tuple[str, ...]
    base_path: str = ""

    @property
    def address(self) -> str:
        """Where this machine reaches the app."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port}" + (f"/{self.base_path}" if self.base_path else "")

    def arguments(self) -> list[str]:
        """As the server takes them from its command line."""
        named = [part for name in self.names for part in ("--allow-host", name)]
        return ["--host", self.host, "--port", str(self.port), "--base-path", self.base_path, *named]


def serving_of(
    *, host: str, port: int, names: Sequence[str], base_path: str, login: Login | None, without_login: bool
) -> Serving:
    """How to serve. Errors: InputError for what would leave the app open to whoever reaches it, or would not work."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(f"--allow-host {name}: give a host name alone, as planner.example.com or *.example.com")
    path = base_path.strip("/")
    if not _PATH.fullmatch(path):
        raise InputError(f"--base-path {base_path}: give letters, digits and dashes, as /planner")
    if login is not None:
        _check_login(login, path)
    elif not is_this_machine(host) and not without_login:
        raise InputError(
            f"--host {host}: whoever reaches that address could use the app, for nobody logs in. Set up the login "
            "(docs/hosting.md), or say --without-login where something in front asks for one"
        )
    wanted = (*THIS_MACHINE, *((login.host,) if login else ()), *names)
    if not is_this_machine(host) and set(wanted) == set(THIS_MACHINE):
        raise InputError(f"--host {host}: say by which name browsers reach the app: --allow-host planner.example.com")
    return Serving(host=host, port=port, names=tuple(dict.fromkeys(wanted)), base_path=path)


def is_this_machine(host: str) -> bool:
    """Whether an address can be reached from this machine only. Errors: InputError where it is no address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise InputError(f"--host {host}: give an address of this machine, as 127.0.0.1 or 0.0.0.0") from None


def _check_login(login: Login, path: str) -> None:
    try:
        version("Authlib")
    except PackageNotFoundError:
        raise InputError("the login needs the extra: pip install 'commit-planner[hosted]'") from None
    if login.base_path != path:
        raise InputError(
            f"{REDIRECT_URI} = {login.redirect_uri}: its path and --base-path /{path} differ; the app is below both"
        )
