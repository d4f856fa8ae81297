"""Files beside a plan that it names: their text, and what is wrong where there is none to read."""

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planner.errors import InputError

MOST_BYTES: Final = 16 * 2**20
"""Size beyond which a file that a plan names is taken for something else than what the plan means by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFiles:
    """Where the files are that a plan names beside its log.

    base_dir: of relative names. within: folders and files that may be read, links followed; None for every one.
    """

    base_dir: Path
    within: tuple[Path, ...] | None = None

    def path(self, address: str, *, place: str) -> Path:
        """Where a file is, absolute. place: the key that names it.

        Errors: InputError for an address that is no path of a file, and for a file that may not be read.
        """
        self._check(address, place)
        path = self.base_dir / address
        if not self._may_read(path):
            raise InputError(
                f"{place}: the browser cannot see '{address}'. Start the app beside the plan with `planner app "
                "PLAN.toml`, or type the counts of the evidence into the plan"
            )
        return path

    def matching(self, pattern: str, *, place: str) -> tuple[str, ...]:
        """Names of the files that a pattern such as evidence/*.toml matches and that may be read, in order.

        Errors: InputError as path, and where there is none.
        """
        self._check(pattern, place)
        found = sorted(glob.glob(str(self.base_dir / pattern)))  # noqa: PTH207 (patterns may be absolute)
        paths = [Path(name) for name in found if self._may_read(Path(name))]
        if not paths:
            raise InputError(f"{place}: no file in {self.base_dir} matches it; correct or remove it")
        if Path(pattern).is_absolute():
            return tuple(map(str, paths))
        return tuple(path.relative_to(self.base_dir).as_posix() for path in paths)

    def _check(self, address: str, place: str) -> None:
        if "://" in address:
            raise InputError(f"{place} = '{address}': only files can be read, not addresses; save it beside the plan")
        if "\0" in address:
            raise InputError(f"{place} = {address!r}: a file's name has no NUL character in it; correct it")

    def _may_read(self, path: Path) -> bool:
        if self.within is None:
            return True
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # a circle of links
            return False
        return any(real.is_relative_to(allowed.resolve()) for allowed in self.within)


def text_of(path: Path, *, place: str) -> str:
    """The text of a file that a plan names. place: the key that names it, with the name as written.

    Errors: InputError naming place, file and remedy for one that is missing, no regular file, too large, or not UTF-8.
    """
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "is not there"
            raise InputError(f"{place}: {path} {what}; the name is relative to the plan's folder, correct it there")
        if (size := path.stat().st_size) > MOST_BYTES:
            raise InputError(
                f"{place}: {path} has {size:,} bytes, more than {MOST_BYTES:,}; name the file that is meant"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{place}: {path} is not UTF-8 text; save it as UTF-8") from None
    except (OSError, RuntimeError) as error:  # a loop of links is the latter before Python 3.13
        why = getattr(error, "strerror", None) or "its links lead in a circle"
        raise InputError(f"{place}: cannot read {path}: {why}; name another file, or make it readable") from None
