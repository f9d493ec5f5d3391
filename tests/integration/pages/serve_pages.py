"""Run in a process of its own: serve the pages as Airflow mounts them, for users named by a header.

``X-User: name:role`` (or the cookie ``user``) is who asks; ``nobody`` is asked for his login. What
would be started in Airflow is noted in the file that the first argument names.
"""

import json
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import uvicorn
from airflow import settings as airflow_settings
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.log import Log
from fastapi import FastAPI, HTTPException, Request

from plugins.baselib_plugin import pages
from plugins.pages import city, publications
from plugins.pages.all import app

started = Path(sys.argv[1])
create_auth_manager()
Log.__table__.create(airflow_settings.engine, checkfirst=True)


def who_asks(request: Request) -> SimpleAuthManagerUser:
    said = request.headers.get("x-user") or request.cookies.get("user") or "nobody"
    if said == "nobody":
        raise HTTPException(401, "Not authenticated")
    name, _, role = said.partition(":")
    return SimpleAuthManagerUser(username=name, role=role or "admin")


def noted(kind):
    def call(**facts):
        line = {"kind": kind, **{name: str(value) for name, value in facts.items()}}
        with started.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return SimpleNamespace(run_id="manual__1", id=1)

    return call


def asked_in_airflow(dag_id, run, user, candidate, reason, *, approved=True):
    """As if a task of that run waited; what is said to it is noted."""
    noted("answer")(run=run, by=user.get_name(), reason=reason, approved=approved)
    return True


publications.waiting_run = lambda dag_id, run: "manual__1"
publications.answer_waiting = asked_in_airflow
city.trigger_dag = publications.trigger_dag = noted("trigger")
city._create_backfill = noted("backfill")
app.dependency_overrides[get_user] = who_asks
outer = FastAPI()
outer.mount("/city-1/baselib", pages)  # a site under a path prefix

with socket.socket() as listening:
    listening.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(outer, log_level="error")).run(sockets=[listening])
