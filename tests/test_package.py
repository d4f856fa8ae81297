"""What a user installs: the wheel, in a new virtual environment, in an empty folder, without the checkout."""

import json
import os
import re
import shutil
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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUNDLED = "planner/_bundled/"
SMALL = ROOT / "tests" / "plans" / "small.toml"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What the Dockerfile says, as far as it matters here. copied: from the checkout, none of it from a stage."""

    stages: list[list[tuple[str, str]]]

    @property
    def copied(self) -> list[str]:
        """Names of files and folders that go into the image."""
        words = [text.split() for stage in self.stages for name, text in stage if name == "COPY"]
        return [source for line in words if not line[0].startswith("--") for source in line[:-1]]

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the last stage."""
        return dict(word.split("=", 1) for text in self.said("ENV") for word in text.split())

    def said(self, name: str) -> list[str]:
        """What the last stage says by an instruction."""
        return [text for instruction, text in self.stages[-1] if instruction == name]


@pytest.fixture(scope="module")
def image() -> Image:
    """The Dockerfile."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line.partition(" ") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for name, _, said in lines:
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, said.strip()))
    return Image(stages=stages)


@pytest.fixture(scope="module")
def wheel(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what the Dockerfile takes of this checkout, and from nothing else."""
    context, folder = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("wheel")
    for name in image.copied:
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, target)
    setup(sys.executable, "-m", "build", "--wheel", "--outdir", folder, context)
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


def test_the_image_takes_what_it_names_and_no_secret(image: Image) -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(image.copied)
    assert [name for name in image.copied if not (ROOT / name).exists()] == []
    assert {name for stage in image.stages for name, _ in stage}.isdisjoint({"ADD", "ARG"})
    settings = [text for stage in image.stages for name, text in stage if name == "ENV"]
    assert not re.search(r"KEY|SECRET|TOKEN|PASSWORD", " ".join(settings))


def test_the_image_installs_pinned_packages_by_their_hashes_and_nothing_else(image: Image) -> None:
    runs = [text for stage in image.stages for name, text in stage if name == "RUN"]
    installs = [text for text in runs if "pip install" in text]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.txt" in installs[0]
    assert installs[1].endswith("pip install --no-deps .")
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))
    assert {Requirement(wanted).name.lower() for wanted in PROJECT["optional-dependencies"]["hosted"]} <= pinned


def test_the_image_runs_as_a_user_without_rights(image: Image) -> None:
    assert [int(text) > 0 for text in image.said("USER")] == [True]
    order = [name for name, _ in image.stages[-1]]
    assert order.index("RUN") < order.index("USER") < order.index("ENTRYPOINT")
    assert json.loads(image.said("ENTRYPOINT")[0]) == ["planner", "app"]
    version = image.stages[-1][0][1].removeprefix("python:").partition("-")[0]
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


@pytest.mark.slow
def test_the_image_does_not_start_without_a_login(image: Image, installed: Installed) -> None:
    done = subprocess.run(
        [installed.bin / "planner", "app"],
        cwd=installed.folder,
        env=user_environment() | container(image),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "nobody logs in" in done.stderr


@pytest.mark.slow
def test_the_image_serves_and_its_health_check_knows(
    image: Image, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    login = {
        "PLANNER_OIDC_ISSUER": "https://login.example.com",
        "PLANNER_OIDC_CLIENT_ID": "planner",
        "PLANNER_OIDC_CLIENT_SECRET": "a-client-secret",
        "PLANNER_OIDC_COOKIE_SECRET": "c" * 32,
        "PLANNER_OIDC_REDIRECT_URI": "https://planner.example.com/team/oauth2callback",
        "PLANNER_OIDC_ALLOW": "@example.com",
        "PLANNER_BASE_PATH": "/team",
    }
    port, users = free_port(), tmp_path_factory.mktemp("users")
    given = container(image) | login | {"PLANNER_PORT": str(port), "PLANNER_PLAN": str(SMALL)}
    given["PLANNER_USERS"] = str(users / "of-all")
    check = json.loads(image.said("HEALTHCHECK")[0].partition("CMD ")[2])
    health = [installed.bin / check[0], *check[1:]]

    def is_healthy() -> bool:
        return subprocess.run(health, env=user_environment() | given, capture_output=True, check=False).returncode == 0

    assert not is_healthy()
    with serving(installed, port=port, env=given, base="/team") as output:
        assert is_healthy()
        assert (users / "of-all").stat().st_mode & 0o777 == 0o700
    assert "Traceback" not in output.read_text(encoding="utf-8")
    assert not is_healthy()


def container(image: Image) -> dict[str, str]:
    """The variables of the image, without its paths."""
    return {name: text for name, text in image.environment.items() if name.startswith("PLANNER_")}


@contextmanager
def serving(
    installed: Installed, *arguments: str, port: int, env: Mapping[str, str] | None = None, base: str = ""
) -> Iterator[Path]:
    """`planner app` from its first healthy answer until the end of the block; gives the file of its output.

    env: beside the user's own environment. base: the path that it is served below.
    """
    output = installed.folder / f"app-{port}.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [installed.bin / "planner", "app", *arguments, "--port", str(port)],
            cwd=installed.folder,
            env=user_environment() | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + APP_STARTS_WITHIN_S
        while not answers(f"http://127.0.0.1:{port}{base}/_stcore/health"):
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
