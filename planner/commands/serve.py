"""planner app: print the plan's conclusion and serve the app.

Heavy parts load inside the command, so that help is instant.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, progress_bars
from planner.errors import InputError

PlanArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[PLAN.toml]", help="Default: the bundled example.", envvar="PLANNER_PLAN"),
]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535, envvar="PLANNER_PORT")]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="A folder with logs: pages can read what is below it, and no more.",
        envvar="PLANNER_FOLDER",
    ),
]
Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Address to listen on. Beyond this machine only with a login, see docs/hosting.md.",
        envvar="PLANNER_HOST",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A name by which browsers may reach the app.", envvar="PLANNER_ALLOW_HOST"),
]
BasePath = Annotated[
    str, typer.Option(metavar="PATH", help="Path below which the app is, as /planner.", envvar="PLANNER_BASE_PATH")
]
Users = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A folder for one folder of each person who logs in.", envvar="PLANNER_USERS"),
]
WithoutLogin = Annotated[bool, typer.Option("--without-login", help="Serve beyond this machine though nobody logs in.")]


def serve(
    path: PlanArgument = None,
    port: Port = 8501,
    folder: Folder = None,
    host: Host = "127.0.0.1",
    allow_host: AllowHost = None,
    base_path: BasePath = "",
    users: Users = None,
    without_login: WithoutLogin = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Print the plan's conclusion and serve the app, on this machine only unless told otherwise."""
    from planner import report  # noqa: PLC0415
    from planner.bundled import app_path, data_path  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.ui.hosted.login_settings import login_settings  # noqa: PLC0415
    from planner.ui.hosted.serving import serving_of  # noqa: PLC0415

    login = login_settings(os.environ)
    names = allow_host or ()
    serving = serving_of(
        host=host, port=port, names=names, base_path=base_path, login=login, without_login=without_login
    )
    _check_free(host, port)
    _check_folders(folder, users, has_login=login is not None)
    chosen = (path or data_path("plans", "example.toml")).resolve()
    with progress_bars(quiet=quiet or as_json) as progress:
        lines = report.headline(build_plan(load_plan(chosen), progress))
    if as_json:
        print_json({"conclusion": lines, "address": serving.address})
    else:
        print(*lines, f"App: {serving.address}  (Ctrl-C stops it)", sep="\n")
    sys.stdout.flush()
    os.environ["PLANNER_PLAN"] = str(chosen)
    os.chdir(app_path().parent)  # Streamlit reads its configuration from the folder it starts in
    os.execv(sys.executable, [sys.executable, "-m", "planner.ui.hosted.server", *serving.arguments()])


def _check_folders(folder: Path | None, users: Path | None, *, has_login: bool) -> None:
    """Hand both folders on to the server, by their whole paths. Errors: InputError."""
    from planner.ui.hosted.user_folders import VARIABLE, check_root  # noqa: PLC0415

    if folder is not None:
        if not folder.is_dir():
            raise InputError(f"--folder {folder}: there is no such folder; name one that is there")
        os.environ["PLANNER_FOLDER"] = str(folder.resolve())
    if users is not None:
        if not has_login:
            raise InputError(f"--users {users}: nobody logs in, so there is nobody to keep files for; leave it out")
        check_root(users.resolve(), folder)
        os.environ[VARIABLE] = str(users.resolve())


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(f"--port {port}: {error.strerror}; give another port") from None
