"""Refusals as ``application/problem+json`` (RFC 9457); none quotes a value of the request."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import DataError, Error, OperationalError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is not answered: HTTP status, a stable name, what to do."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **further: object,
    ) -> None:
        super().__init__(name)
        self.status, self.name, self.detail = status, name, detail
        self.headers, self.further = dict(headers or {}), further

    def response(self) -> JSONResponse:
        """The answer that says so."""
        body = {
            "type": f"urn:baselib:problem:{self.name}",
            "title": self.name.replace("-", " "),
            "status": self.status,
            "detail": self.detail,
            **self.further,
        }
        headers = self.headers | {"Cache-Control": "no-store"}
        return JSONResponse(body, self.status, headers, media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Every failure, also those of the framework and of the database, becomes a problem."""
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_framework)
    for lost in (OperationalError, PoolTimeout):
        app.add_exception_handler(lost, _unavailable)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(Error, _defect)
    app.add_exception_handler(Exception, _defect)


def _told(_: Request, problem: Any) -> JSONResponse:
    return problem.response()  # type: ignore[no-any-return]


def _invalid(_: Request, invalid: Any) -> JSONResponse:
    places = [".".join(map(str, error["loc"])) for error in invalid.errors()]
    detail = f"Not as the OpenAPI document says: {', '.join(dict.fromkeys(places))}."
    return Problem(422, "request-invalid", detail, fields=places).response()


def _of_framework(_: Request, refused: Any) -> JSONResponse:
    name = str(refused.detail).lower().replace(" ", "-")
    detail = "See /openapi.json for what there is."
    return Problem(refused.status_code, name, detail, refused.headers).response()


def _unavailable(_: Request, __: Any) -> JSONResponse:
    detail = "The database does not answer. Ask again in a while."
    return Problem(503, "database-unavailable", detail, {"Retry-After": "10"}).response()


def _unstorable(_: Request, __: Any) -> JSONResponse:
    detail = "A value is not of its column's type, or no text that a database can hold."
    return Problem(422, "request-invalid", detail).response()


def _defect(_: Request, failed: Any) -> JSONResponse:
    detail = f"Ended by an unexpected {type(failed).__name__}. Nothing was answered; report it."
    return Problem(500, "defect", detail).response()
