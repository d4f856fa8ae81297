"""TOML text as plain values."""

import tomllib
from typing import Any

from planner.errors import InputError


def toml_document(text: str) -> dict[str, Any]:
    """The document that a text is. Errors: InputError saying what is wrong with it, for whoever names the file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    except RecursionError:
        said = "nested too deeply"
    except ValueError:
        said = "a number has more digits than can be read"
    raise InputError(f"not valid TOML: {said}")
