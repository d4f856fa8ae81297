"""The app as `planner app` serves it, for journeys that need its login, its names or its path."""

import os
import re
import socket
import subprocess
import sys
import time
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
def planner_app(plan_file: Path, log: Path, *, port: int, env: Mapping[str, str], base: str) -> Iterator[None]:
    """`planner app` on a port of 127.0.0.1, below a path, until the end of the block."""
    command = ["planner.cli", "app", str(plan_file), "--port", str(port)]
    own = {"PYTHONPATH": str(journeys.ROOT)} | dict(env)
    with started(command, log, url=f"http://127.0.0.1:{port}{base}", env=own):
        yield


@contextmanager
def started(command: list[str], log: Path, *, url: str, env: Mapping[str, str]) -> Iterator[None]:
    """A module of the product as a program, from its first healthy answer until the end of the block."""
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=journeys.ROOT,
            env=os.environ | dict(env),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            journeys._wait_until_healthy(url, server, log)
            yield
        finally:
            server.terminate()
            server.wait(timeout=30)


MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def nginx_site() -> str:
    """The configuration that docs/hosting.md shows."""
    text = (journeys.ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- nginx -->\n```nginx\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@contextmanager
def nginx(program: str, folder: Path, *, port: int, app_port: int) -> Iterator[None]:
    """nginx as the documents configure it, with a certificate made here, on a port of 127.0.0.1."""
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=planner"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*certificate, *files], check=True, capture_output=True)
    changed = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/planner/tls": str(folder),
        "http://127.0.0.1:8501": f"http://127.0.0.1:{app_port}",
        "server_name planner.example.com;": "server_name planner.example.com 127.0.0.1;",
    }
    site = nginx_site()
    for there, here in changed.items():
        assert there in site, f"docs/hosting.md no longer says {there}"
        site = site.replace(there, here)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""  # who else could not enter a test's folder
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user), encoding="utf-8")
    server = subprocess.Popen(
        [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log"]
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)
