"""An OpenID Connect provider on 127.0.0.1 that signs real ID tokens: discovery, keys, a page to log in on, PKCE.

What it is asked is checked as a strict provider would; what it answers can be made wrong, to see it refused.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

jwt = pytest.importorskip("joserfc.jwt")
jwk = pytest.importorskip("joserfc.jwk")

CLIENT_ID = "commit-planner"
CLIENT_SECRET = "stub-client-secret-4711"
COOKIE_SECRET = "0123456789abcdef" * 4


@dataclass(kw_only=True)
class Provider:
    """people: who can log in, with their claims. lifetime_s: of an ID token. changed: claims that go out wrong."""

    people: Mapping[str, Mapping[str, Any]]
    issuer: str = ""
    lifetime_s: int = 3600
    changed: dict[str, Any] = field(default_factory=dict)
    is_signed_by_another: bool = False
    key: Any = field(default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    """What a strict provider would have refused, in words."""

    def environment(self, redirect_uri: str, allow: str = "*") -> dict[str, str]:
        """The variables that point the app at this provider."""
        return {
            "PLANNER_OIDC_ISSUER": self.issuer,
            "PLANNER_OIDC_CLIENT_ID": CLIENT_ID,
            "PLANNER_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "PLANNER_OIDC_COOKIE_SECRET": COOKIE_SECRET,
            "PLANNER_OIDC_REDIRECT_URI": redirect_uri,
            "PLANNER_OIDC_ALLOW": allow,
        }

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def id_token(self, asked: Mapping[str, str]) -> str:
        """A signed token for whom a code was given to."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + self.lifetime_s,
            "nonce": asked["nonce"],
            **self.people[asked["person"]],
            **self.changed,
        }
        key = jwk.RSAKey.generate_key(2048, {"kid": "one"}) if self.is_signed_by_another else self.key
        return str(jwt.encode({"alg": "RS256", "kid": "one"}, claims, key))

    def tokens(self, form: Mapping[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer to a code, None where it is refused."""
        asked = self.codes.pop(form.get("code", ""), None)
        wanted = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        faults = [
            word
            for word, is_wrong in {
                "unknown code": asked is None,
                "wrong client": authorization != wanted,
                "wrong verifier": asked is not None and challenge.decode().rstrip("=") != asked["code_challenge"],
                "another address": asked is not None and form.get("redirect_uri") != asked["redirect_uri"],
            }.items()
            if is_wrong
        ]
        self.complaints += faults
        if faults or asked is None:
            return None
        return {
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self.id_token(asked),
        }


class Handler(BaseHTTPRequestHandler):
    """Answers for a provider."""

    found: Provider

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._json(self.found.metadata())
        elif parts.path == "/keys":
            self._json({"keys": [self.found.key.as_dict(private=False)]})
        elif parts.path == "/authorize" and "person" in asked:
            code = secrets.token_urlsafe()
            self.found.codes[code] = asked
            self._redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        elif parts.path == "/authorize":
            links = "".join(f'<p><a href="{self.path}&person={name}">{name}</a></p>' for name in self.found.people)
            self._answer(200, "text/html", f"<h1>Who are you?</h1>{links}".encode())
        elif parts.path == "/end":
            self._redirect(asked["post_logout_redirect_uri"].removesuffix("/oauth2callback") + "/")
        else:
            self._answer(404, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        tokens = self.found.tokens(form, self.headers.get("Authorization", ""))
        self._json(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

    def _json(self, answer: Mapping[str, Any], status: int = 200) -> None:
        self._answer(status, "application/json", json.dumps(answer).encode())

    def _redirect(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[Provider]:
    """A provider that answers until the end of the block."""
    found = Provider(people=people)
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (Handler,), {"found": found})) as server:
        found.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()
