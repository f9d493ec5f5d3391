"""Access tokens for client assertions: OAuth 2.0 client credentials with ``private_key_jwt``.

RFC 6749 4.4, RFC 7523, ES256 only. An assertion lives five minutes at most and is taken once; the
token that it gives lives five minutes and names a grant.
"""

import time
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qs

import jwt
from fastapi import APIRouter, Depends, Request, Response
from psycopg import Connection

from pipelines.serve.api.database import Note
from pipelines.serve.api.problems import Problem

router = APIRouter()
LIFETIME = 300  # seconds
_CLOCKS = 30  # seconds that clocks may differ
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LARGEST = 8192  # bytes of a request for a token
_REFUSED = (
    "The client assertion is not valid. Make a new one for each token; see docs/consumers.md."
)


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise Problem(413, "request-too-large", "A request for a token is small.")
    parsed = parse_qs(body.decode("ascii", errors="replace"))
    return {name: values[0] for name, values in parsed.items() if len(values) == 1}


@router.post("/v1/token", tags=["access"])
def token(
    request: Request, response: Response, form: Annotated[dict[str, str], Depends(_form)]
) -> dict[str, object]:
    """Give an access token for a client assertion."""
    state = request.app.state
    state.grants.refuse_unsealed()
    name = ""
    try:
        name = _client(state, form)
    except Problem as problem:
        state.database.refuse(Note("token", name, "", "", ""), problem)
        raise
    now = int(time.time())
    claims = {"sub": name, "aud": state.audience, "iat": now, "exp": now + LIFETIME}
    response.headers["Cache-Control"] = "no-store"
    return {
        "access_token": jwt.encode(claims, state.token_key, algorithm="HS256"),
        "token_type": "Bearer",
        "expires_in": LIFETIME,
    }


def read_token(key: bytes, audience: str, text: str) -> str:
    """The grant that an access token names.

    Raises:
        Problem: it is none of ours, or too old.
    """
    try:
        name, expires = _signed(key, audience, text)
    except jwt.InvalidTokenError:
        name, expires = "", 0
    if expires <= time.time():
        detail = "Ask POST /v1/token for a new access token."
        raise Problem(401, "token-invalid", detail, {"WWW-Authenticate": "Bearer"})
    return name


@lru_cache(maxsize=4096)  # the same token comes with every request of five minutes
def _signed(key: bytes, audience: str, text: str) -> tuple[str, int]:
    """Grant and end of a token that we signed, be it over or not; what is none raises each time."""
    options = {"require": ["sub", "aud", "exp"], "verify_exp": False}
    claims = jwt.decode(text, key, algorithms=["HS256"], audience=audience, options=options)  # type: ignore[arg-type]
    return str(claims["sub"]), int(claims["exp"])


def _client(state: Any, form: dict[str, str]) -> str:
    if form.get("grant_type") != "client_credentials":
        raise Problem(400, "unsupported-grant-type", "Send grant_type=client_credentials.")
    if form.get("client_assertion_type") != _ASSERTION:
        raise Problem(400, "invalid-request", f"Send client_assertion_type={_ASSERTION}.")
    assertion = form.get("client_assertion", "")
    try:
        name = str(jwt.decode(assertion, options={"verify_signature": False}).get("iss"))
        grant = state.grants.find(name)
        if grant is None or not grant["public_key"]:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            assertion,
            grant["public_key"],
            algorithms=["ES256"],
            audience=state.audience,
            issuer=name,
            leeway=_CLOCKS,
            subject=name,
            options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
        )
    except (jwt.InvalidTokenError, ValueError):
        raise Problem(401, "invalid-client", _REFUSED) from None
    if claims["exp"] - claims["iat"] > LIFETIME:
        raise Problem(401, "invalid-client", "An assertion may live five minutes.")
    with state.database.service() as connection:
        _take_once(connection, f"{name}/{claims['jti']}", int(claims["exp"]))
    return name


def _take_once(connection: Connection[Any], jti: str, expires: int) -> None:
    """Remember an assertion for as long as it lives.

    Raises:
        Problem: it was taken before.
    """
    digest = sha256(jti.encode()).hexdigest()
    connection.execute("DELETE FROM serve.used_assertion WHERE expires < now() - interval '5 min'")
    taken = connection.execute(
        "INSERT INTO serve.used_assertion VALUES (%s, to_timestamp(%s)) ON CONFLICT DO NOTHING",
        (digest, expires),
    )
    if taken.rowcount == 0:
        raise Problem(401, "assertion-replayed", _REFUSED)
