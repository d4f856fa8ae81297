"""A snapshot of the price library that the user fetched, on disk: checked when it is read, written whole."""

import json
import os
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from planner.errors import InputError, PriceError
from planner.whole_file import write_whole

REMEDY: Final = "Run `planner prices update` to fetch it again, or `planner prices update --bundled` to go back"
_FORMAT: Final = 1
_KEYS: Final = {"format", "fetched_on", "library_version", "sha256", "providers"}

Stamp = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPrices:
    """What `planner prices update` fetched. providers: in the library's own form. library_version: the one that did."""

    fetched_on: date
    library_version: str
    providers: tuple[Any, ...]

    @property
    def sha256(self) -> str:
        """Hash of the providers."""
        return _digest(list(self.providers))


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


def read_fetched(path: Path, *, installed: str, checked_on: date) -> FetchedPrices:
    """The fetched prices of a file.

    installed: version of the price library. checked_on: when the prices that ship with the product were checked.
    Errors: PriceError naming the file and the remedy where it is damaged, or older than what is installed.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PriceError(f"{path}: the fetched prices cannot be read ({error}). {REMEDY}.") from None
    if not isinstance(found, dict) or set(found) != _KEYS or found["format"] != _FORMAT:
        raise PriceError(f"{path}: this is no file of fetched prices. {REMEDY}.")
    if found["sha256"] != _digest(found["providers"]):
        raise PriceError(f"{path}: the fetched prices are not what was written: their hash differs. {REMEDY}.")
    try:
        fetched_on = date.fromisoformat(found["fetched_on"])
        older = _version(found["library_version"]) < _version(installed)
    except (TypeError, ValueError):
        raise PriceError(f"{path}: the day or the version of the fetched prices cannot be read. {REMEDY}.") from None
    if older or fetched_on < checked_on:
        raise PriceError(
            f"{path}: these prices were fetched on {fetched_on} with genai-prices {found['library_version']}; what is "
            f"installed now is newer (genai-prices {installed}, checked on {checked_on}). {REMEDY}."
        )
    return FetchedPrices(
        fetched_on=fetched_on, library_version=found["library_version"], providers=tuple(found["providers"])
    )


def write_fetched(prices: FetchedPrices) -> Path:
    """Keep fetched prices, in place of earlier ones. Errors: InputError where they cannot be written."""
    path = fetched_path()
    if path is None:
        raise InputError("there is no folder to keep fetched prices in; set XDG_DATA_HOME or HOME")
    value = {
        "format": _FORMAT,
        "fetched_on": prices.fetched_on.isoformat(),
        "library_version": prices.library_version,
        "sha256": prices.sha256,
        "providers": list(prices.providers),
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


def _digest(providers: Any) -> str:
    return sha256(json.dumps(providers, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3])
