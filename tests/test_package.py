"""What a user installs: the wheel, in a new virtual environment, in an empty folder, without the checkout."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUNDLED = "planner/_bundled/"
APP_STARTS_WITHIN_S = 90
MISLEADING = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "STREAMLIT_")


def user_environment() -> dict[str, str]:
    """The environment of this process without what would lead an installed planner back to the checkout."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(MISLEADING)}
    return kept | {"NO_COLOR": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A virtual environment that holds the wheel, and the empty folder that a user works in."""

    bin: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> str:
        """Standard output of a program of the environment, which must succeed."""
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env=user_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


def setup(*command: str | Path) -> None:
    """Run one step of building or installing, with the machine's own package configuration."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    setup(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a virtual environment of its own, beside an empty folder.

    The packages that it needs are those of this environment, not installed once more: that their names are right shows
    where the README's command installs the product by itself.
    """
    environment = tmp_path_factory.mktemp("environment")
    setup(sys.executable, "-m", "venv", environment)
    setup(environment / "bin" / "pip", "install", "--quiet", "--no-deps", wheel)
    for folder in environment.glob("lib/python*/site-packages"):
        (folder / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(bin=environment / "bin", folder=tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module")
def example_plan(installed: Installed) -> Path:
    """The plan file that `planner init` wrote."""
    installed.run("planner", "init", "first-plan")
    return installed.folder / "first-plan" / "plan.toml"


@pytest.mark.slow
def test_the_wheel_carries_the_data_and_the_app(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "data").rglob("*") if path.is_file()}
    expected = {name for name in data if "__pycache__" not in name} | {"app.py", ".streamlit/config.toml"}
    assert expected <= {name.removeprefix(BUNDLED) for name in names if name.startswith(BUNDLED)}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


@pytest.mark.slow
def test_the_installed_planner_does_not_come_from_the_checkout(installed: Installed) -> None:
    place = Path(installed.run("python", "-c", "import planner; print(planner.__file__)").strip())
    assert place.is_relative_to(installed.bin.parent)


@pytest.mark.slow
def test_init_writes_a_plan_a_log_and_a_readme(example_plan: Path) -> None:
    written = {path.suffix for path in example_plan.parent.rglob("*") if path.is_file()}
    assert example_plan.is_file()
    assert ".md" in written
    assert written - {".md", ".toml"}, "no usage log"


@pytest.mark.slow
def test_plan_prints_json_and_nothing_else(installed: Installed, example_plan: Path) -> None:
    plan = json.loads(installed.run("planner", "plan", str(example_plan), "--json"))
    assert plan["plan"]["version"] == PROJECT["version"]
    assert plan["recommendation"]["expected_cost_usd"] > 0
    assert len(plan["scenarios"]) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("first-plan/plan.toml",)], ids=["bundled example", "own plan"])
def test_app_prints_its_address_and_serves_this_machine_only(
    installed: Installed, example_plan: Path, arguments: tuple[str, ...]
) -> None:
    port = free_port()
    with serving(installed, *arguments, port=port) as output:
        assert b"<html" in fetch(f"http://127.0.0.1:{port}/").lower()
        # All of 127.0.0.0/8 is this machine: a server that answers here listens on every address it has.
        assert not answers(f"http://127.0.0.2:{port}/_stcore/health")
        said = output.read_text(encoding="utf-8")
    assert re.search(rf"http://(127\.0\.0\.1|localhost):{port}\b", said)
    assert "usage statistics" not in said.lower()


@pytest.mark.slow
def test_the_installed_app_draws_its_first_page(installed: Installed) -> None:
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        "from planner.bundled import app_path\n"
        "app = AppTest.from_file(str(app_path()), default_timeout=120).run()\n"
        "print([error.message for error in app.exception] + [error.value for error in app.error])\n"
    )
    *log, errors = installed.run("python", "-c", script).splitlines()
    assert errors == "[]", "\n".join(log)


@contextmanager
def serving(installed: Installed, *arguments: str, port: int) -> Iterator[Path]:
    """`planner app` from its first healthy answer until the end of the block; gives the file of its output."""
    output = installed.folder / f"app-{port}.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [installed.bin / "planner", "app", *arguments, "--port", str(port)],
            cwd=installed.folder,
            env=user_environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + APP_STARTS_WITHIN_S
        while not answers(f"http://127.0.0.1:{port}/_stcore/health"):
            assert process.poll() is None, f"planner app ended with {process.returncode}:\n{output.read_text()}"
            assert time.monotonic() < deadline, f"no answer in {APP_STARTS_WITHIN_S} s:\n{output.read_text()}"
            time.sleep(0.25)
        yield output
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(address: str) -> bytes:
    """Body of a page on this machine, past any proxy."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(address, timeout=10) as response:
        return bytes(response.read())


def answers(address: str) -> bool:
    """Whether a server answers there."""
    try:
        return bool(fetch(address))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_requirements_pin_and_hash_every_dependency_without_an_address() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.sub(r"\s*#.*|\\\n", "", text).splitlines() if entry.strip()]
    pinned = [Requirement(entry.split("--hash")[0]) for entry in entries]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert [str(pin) for pin in pinned if not str(pin.specifier).startswith("==")] == []
    assert "://" not in text
    assert [entry for entry in entries if entry.startswith("-")] == []


def test_requirements_satisfy_what_the_project_declares() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, flags=re.MULTILINE):
        pins.setdefault(name, []).append(version)
    for wanted in map(Requirement, PROJECT["dependencies"]):
        versions = pins.get(wanted.name.lower(), [])
        assert versions, f"requirements.txt lacks {wanted.name}"
        assert all(wanted.specifier.contains(version) for version in versions), f"{wanted}: pinned {versions}"
