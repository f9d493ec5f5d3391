"""Who may do what on the pages: Airflow's permissions, a token against forged requests, its audit.

A page of a DAG's business asks what Airflow asks on the DAG's own page.
"""

import hashlib
import hmac
import json
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.models.log import Log
from airflow.utils.session import create_session
from fastapi import Depends, Form, Header, HTTPException, Request

_SAFE = "same-origin"


def token_of(request: Request) -> str:
    """The token that a form of this user's pages carries; empty before he is known."""
    user = getattr(request.state, "baselib_user", None)
    return _token(user) if user else ""


def _token(user: str) -> str:
    key = conf.get_mandatory_value("api", "secret_key").encode()
    return hmac.new(key, f"baselib\x1f{user}".encode(), hashlib.sha256).hexdigest()


def known_user(request: Request, user: GetUserDep) -> BaseUser:
    """The user whom Airflow knows; his pages carry his token."""
    request.state.baselib_user = user.get_name()
    return user


User = Annotated[BaseUser, Depends(known_user)]


def writing_user(
    request: Request,
    user: User,
    csrf: Annotated[str, Form()] = "",
    x_csrf_token: Annotated[str, Header()] = "",
) -> BaseUser:
    """The user of a request that changes something, if one of his own pages sent it."""
    site = request.headers.get("sec-fetch-site", _SAFE)
    if site not in (_SAFE, "none"):
        raise HTTPException(403, "This request came from another site.")
    given = csrf or x_csrf_token
    if not hmac.compare_digest(given.encode(), _token(user.get_name()).encode()):
        raise HTTPException(403, "The page is too old. Load it again and repeat.")
    return user


Writer = Annotated[BaseUser, Depends(writing_user)]


def may_run(user: BaseUser, dag_id: str) -> bool:
    """Whether the user may start runs of a DAG."""
    return get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag_id), user=user
    )


def may_decide(user: BaseUser, dag_id: str) -> bool:
    """Whether the user may answer what a DAG asks people."""
    return get_auth_manager().is_authorized_dag(
        method="PUT",
        access_entity=DagAccessEntity.HITL_DETAIL,
        details=DagDetails(id=dag_id),
        user=user,
    )


def require(allowed: bool) -> None:
    """Go on only if it is allowed."""
    if not allowed:
        raise HTTPException(403, "Airflow does not allow you this.")


def note(user: BaseUser, event: str, dag_id: str | None = None, **facts: object) -> None:
    """Write into Airflow's audit log; facts are ids and counts, never values."""
    with create_session() as session:
        session.add(
            Log(
                event=f"baselib.{event}",
                owner=user.get_name(),
                owner_display_name=user.get_name(),
                dag_id=dag_id,
                extra=json.dumps(facts, ensure_ascii=False),
            )
        )
