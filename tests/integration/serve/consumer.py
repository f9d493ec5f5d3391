"""A consumer as docs/consumers.md describes it: makes assertions, gets tokens, asks."""

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Consumer:
    """One grant's key, and the client that uses it."""

    name: str
    client: TestClient | None = None
    actor: str = "李雷"
    case_no: str = "贷审〔2026〕7号"
    key: Any = field(default_factory=lambda: generate_private_key(SECP256R1()))
    token: str = ""

    @property
    def public(self) -> str:
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return str(pem.decode())

    def assertion(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.name, "sub": self.name, "aud": "baselib", "iat": now,
                  "exp": now + 60, "jti": uuid4().hex} | changes  # fmt: skip
        return jwt.encode({k: v for k, v in claims.items() if v is not None}, self.key, "ES256")

    def ask_token(self, assertion: str) -> Any:
        assert self.client is not None
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION,
                "client_assertion": assertion}  # fmt: skip
        return self.client.post("/v1/token", data=form)

    def __call__(self, method: str, path: str, **more: Any) -> Any:
        assert self.client is not None
        if not self.token:
            self.token = self.ask_token(self.assertion()).json()["access_token"]
        headers = {"Authorization": f"Bearer {self.token}", "Baselib-Actor": quote(self.actor),
                   "Baselib-Case": quote(self.case_no)}  # fmt: skip
        return self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)
