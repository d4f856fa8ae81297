"""The page as a PDF, printed through a Chromium that is installed; and the page written to a file."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from planner.errors import InputError
from planner.whole_file import replacing, write_whole

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SECONDS: Final = 120
_REMEDY: Final = "give --brief a file in a folder that you may write to"


def check_brief(path: Path) -> None:
    """Errors: InputError for another kind of file than .html and .pdf, and for a PDF without a browser to print it."""
    kind = path.suffix.lower()
    if kind not in (".html", ".htm", ".pdf"):
        raise InputError(f"--brief {path}: give a file name that ends in .html or .pdf")
    if kind == ".pdf":
        _browser(path)


def write_brief(page: str, path: Path) -> None:
    """Write the page, whole or not at all. Errors: InputError, also where the browser prints nothing."""
    if path.suffix.lower() == ".pdf":
        _print(page, path)
    else:
        write_whole(path, page, remedy=_REMEDY)


def _browser(path: Path) -> str:
    found = next((program for name in _BROWSERS if (program := shutil.which(name))), None)
    if found is None:
        raise InputError(
            f"--brief {path}: printing needs Chromium or Chrome, and none is installed; give {path.stem}.html and "
            "print that from a browser"
        )
    return found


def _print(page: str, path: Path) -> None:
    browser = _browser(path)
    with TemporaryDirectory() as folder, replacing(path, remedy=_REMEDY) as new:
        source, target = Path(folder) / "brief.html", Path(folder) / "brief.pdf"
        source.write_text(page, encoding="utf-8")
        failed = _run([browser, *_options(folder), f"--print-to-pdf={target}", source.as_uri()])
        if failed or not target.is_file():
            raise InputError(
                f"{Path(browser).name} did not print {path} ({failed or 'it wrote nothing'}); give {path.stem}.html "
                "and print that from a browser"
            )
        new.write_bytes(target.read_bytes())


def _options(folder: str) -> list[str]:
    """A browser of its own that asks nobody anything: the page loads nothing."""
    # Chromium refuses to work in its sandbox as root, as in most containers.
    alone = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    return [
        *("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer", *alone),
        *(f"--user-data-dir={folder}/profile", "--disable-background-networking"),
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]


def _run(command: list[str]) -> str:
    """Why it failed; empty where it did not."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"not done in {_SECONDS} seconds"
    except OSError as error:
        return error.strerror or "it does not start"
    return "" if done.returncode == 0 else f"exit code {done.returncode}"
