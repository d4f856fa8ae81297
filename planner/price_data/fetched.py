"""What the user fetched of the price library, on disk: every fetch that differed, so that the past keeps its prices."""

import json
import os
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from planner.errors import InputError, PriceError
from planner.whole_file import write_whole

REMEDY: Final = "Run `planner prices update` to fetch it again, or `planner prices update --bundled` to go back"
_FORMAT: Final = 2
_KEYS: Final = {"format", "checked_on", "library_version", "sha256", "fetches"}
_KEYS_OF_FORMAT_1: Final = {"format", "fetched_on", "library_version", "sha256", "providers"}

Stamp = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """The library's data as it was first seen on a day. providers: in the library's own form."""

    fetched_on: date
    providers: tuple[Any, ...]

    @property
    def sha256(self) -> str:
        """Hash of the providers."""
        return _digest(list(self.providers))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPrices:
    """What `planner prices update` fetched, oldest first, and never the same twice in a row.

    checked_on: the day of the newest fetch, whether it brought anything new or not. library_version: the one that did.
    """

    fetches: tuple[Fetch, ...]
    checked_on: date
    library_version: str

    def followed_by(self, fetch: Fetch) -> "FetchedPrices":
        """The same and one more fetch, of the last day or a later one. Of two fetches on one day the later counts."""
        earlier = tuple(item for item in self.fetches if item.fetched_on < fetch.fetched_on)
        is_known = bool(earlier) and earlier[-1].sha256 == fetch.sha256
        return replace(self, fetches=earlier if is_known else (*earlier, fetch), checked_on=fetch.fetched_on)


def fetched_path() -> Path | None:
    """Where fetched prices are kept: in the user's data folder. None for a user without one."""
    base = os.environ.get("XDG_DATA_HOME", "")
    try:
        folder = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:
        return None
    return folder / "commit-planner" / "prices" / "genai-prices.json"


def stamp() -> Stamp | None:
    """What tells one fetched file from the next: path, time and size; None where there is none."""
    path = fetched_path()
    try:
        status = None if path is None else path.stat()
    except OSError:
        return None
    return None if path is None or status is None else (str(path), status.st_mtime_ns, status.st_size)


def read_fetched(path: Path) -> FetchedPrices:
    """The fetched prices of a file. Errors: PriceError naming the file and the remedy where it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PriceError(f"{path}: the fetched prices cannot be read ({error}). {REMEDY}.") from None
    found = _as_format_2(found, path)
    if not isinstance(found, dict) or set(found) != _KEYS or found["format"] != _FORMAT:
        raise PriceError(f"{path}: this is no file of fetched prices. {REMEDY}.")
    _check_hash(found["fetches"], found["sha256"], path)
    try:
        return _prices(found)
    except (KeyError, TypeError, ValueError):
        raise PriceError(f"{path}: a day or the version of the fetched prices cannot be read. {REMEDY}.") from None


def check_newest(prices: FetchedPrices, path: Path, *, installed: str, checked_on: date) -> None:
    """Errors: PriceError naming the file and the remedy where what is installed is newer than what was fetched last.

    installed: version of the price library. checked_on: when the prices that ship with the product were checked.
    """
    if _version(prices.library_version) < _version(installed) or prices.checked_on < checked_on:
        raise PriceError(
            f"{path}: these prices were fetched on {prices.checked_on} with genai-prices {prices.library_version}; "
            f"what is installed now is newer (genai-prices {installed}, checked on {checked_on}). {REMEDY}."
        )


def _as_format_2(found: Any, path: Path) -> Any:
    """A file that knows only its newest fetch as one that has that fetch; any other file as it is."""
    if not isinstance(found, dict) or set(found) != _KEYS_OF_FORMAT_1 or found["format"] != 1:
        return found
    _check_hash(found["providers"], found["sha256"], path)
    fetches = [{"fetched_on": found["fetched_on"], "providers": found["providers"]}]
    return {
        "format": _FORMAT,
        "checked_on": found["fetched_on"],
        "library_version": found["library_version"],
        "sha256": _digest(fetches),
        "fetches": fetches,
    }


def _check_hash(value: Any, sha256: str, path: Path) -> None:
    if sha256 != _digest(value):
        raise PriceError(f"{path}: the fetched prices are not what was written: their hash differs. {REMEDY}.")


def _prices(found: dict[str, Any]) -> FetchedPrices:
    fetches = tuple(
        Fetch(fetched_on=date.fromisoformat(item["fetched_on"]), providers=tuple(item["providers"]))
        for item in found["fetches"]
    )
    days = [item.fetched_on for item in fetches]
    if not days or days != sorted(days):
        raise ValueError("fetches out of order")
    _version(found["library_version"])
    return FetchedPrices(
        fetches=fetches, checked_on=date.fromisoformat(found["checked_on"]), library_version=found["library_version"]
    )


def write_fetched(prices: FetchedPrices) -> Path:
    """Keep fetched prices, in place of the file that is there. Errors: InputError where they cannot be written."""
    path = fetched_path()
    if path is None:
        raise InputError("there is no folder to keep fetched prices in; set XDG_DATA_HOME or HOME")
    fetches = [
        {"fetched_on": item.fetched_on.isoformat(), "providers": list(item.providers)} for item in prices.fetches
    ]
    value = {
        "format": _FORMAT,
        "checked_on": prices.checked_on.isoformat(),
        "library_version": prices.library_version,
        "sha256": _digest(fetches),
        "fetches": fetches,
    }
    remedy = "set XDG_DATA_HOME to a folder that you can write"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; {remedy}") from None
    write_whole(path, json.dumps(value, indent=1) + "\n", remedy=remedy)
    return path


def remove_fetched() -> Path | None:
    """Go back to the bundled prices: the file that was removed, None where there was none."""
    path = fetched_path()
    if path is None or stamp() is None:
        return None
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"cannot remove {path}: {error.strerror}; remove it by hand") from None
    return path


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3])
