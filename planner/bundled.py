"""Where the files that ship with the product are: in a checkout, or in the wheel's own copy of them."""

from pathlib import Path

from planner.errors import PlannerError

_PACKAGE = Path(__file__).resolve().parent


def _root() -> Path:
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        if (root / "data" / "prices").is_dir():
            return root
    raise PlannerError(
        f"The files that ship with the product (data/, app.py) are neither in {_PACKAGE / '_bundled'} nor in "
        f"{_PACKAGE.parent}. Install the wheel, or run from a whole checkout."
    )


def data_path(*parts: str) -> Path:
    """Path of a bundled data file, such as data_path("plans", "example.toml")."""
    return _root().joinpath("data", *parts)


def app_path() -> Path:
    """Path of the Streamlit entry point."""
    return _root() / "app.py"
