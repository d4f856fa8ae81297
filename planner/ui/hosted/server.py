"""Serves the app: `planner app` starts this as a process of its own, with its settings as arguments.

The login's secrets go from the environment into Streamlit's own, in memory; no file holds them.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from streamlit.starlette import App

from planner.bundled import app_path
from planner.ui.hosted.doorway import Doorway
from planner.ui.hosted.login_settings import SECRETS, Login, login_settings
from planner.ui.hosted.redacted_logs import redact_records, redact_streams, redactor
from planner.ui.hosted.serving import Serving
from planner.ui.hosted.user_folders import remove_old, users_root


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped. Errors: InputError for a login that is half described."""
    serving = _parsed(arguments)
    redact = redactor(os.environ)
    redact_streams(redact)
    redact_records(redact)
    login = login_settings(os.environ)
    for name in SECRETS:  # what this process starts need not know them
        os.environ.pop(name, None)
    if (root := users_root()) is not None:
        remove_old(root)
    sys.argv = [str(app_path())]  # what Streamlit takes for the script that was started
    app_of(serving, login).run(config=config_of(serving))


def app_of(serving: Serving, login: Login | None) -> App:
    """The app with what stands before it."""
    return App(
        app_path(),
        secrets=None if login is None else login.streamlit_secrets(),
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(serving.names), www_redirect=False),
            Middleware(Doorway, base_path=serving.base_path, needs_login=login is not None),
        ],
    )


def config_of(serving: Serving) -> dict[str, Any]:
    """Streamlit's settings beside those of .streamlit/config.toml."""
    found: dict[str, Any] = {
        "server.address": serving.host,
        "server.port": serving.port,
        "server.baseUrlPath": serving.base_path,
        "server.allowedHosts": list(serving.names),
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableAgentApi": False,
        "server.trustedUserHeaders": {},
        "client.showErrorDetails": "none",
        "browser.gatherUsageStats": False,
        "logger.enableRich": False,
        "logger.hideWelcomeMessage": True,  # or it asks the internet for this machine's address
        "server.fileWatcherType": "none",  # what was loaded again has other classes than the plans that are kept
    }
    return found


def _parsed(arguments: Sequence[str] | None) -> Serving:
    parser = argparse.ArgumentParser(prog="planner.ui.hosted.server", allow_abbrev=False)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--base-path", default="")
    parser.add_argument("--allow-host", action="append", required=True)
    given = parser.parse_args(arguments)
    return Serving(host=given.host, port=given.port, names=tuple(given.allow_host), base_path=given.base_path)


if __name__ == "__main__":
    main()
