"""The app as `planner app` serves it, for journeys that need its login, its names or its path."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import journeys


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def planner_app(
    plan_file: Path,
    log: Path,
    *,
    port: int,
    options: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    base: str = "",
) -> Iterator["subprocess.Popen[bytes]"]:
    """`planner app` on a port of 127.0.0.1 until the end of the block."""
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "planner.cli", "app", str(plan_file), "--port", str(port), *options],
            cwd=journeys.ROOT,
            env=os.environ | {"PYTHONPATH": str(journeys.ROOT)} | dict(env or {}),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            journeys._wait_until_healthy(f"http://127.0.0.1:{port}{base}", server, log)
            yield server
        finally:
            server.terminate()
            server.wait(timeout=30)
