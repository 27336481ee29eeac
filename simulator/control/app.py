"""The application of the control API, and how it says no."""

from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from simulator.control.acting import person_routes, talk_routes
from simulator.control.bots import bot_fault_routes, bot_routes, limit_routes
from simulator.control.directing import (
    evidence_routes,
    fault_routes,
    happening_routes,
    world_routes,
)
from simulator.control.doings import feeling_routes, message_routes, stance_routes
from simulator.control.lookup import NotThere
from simulator.control.making import chat_routes, people_routes
from simulator.control.members import door_routes, forum_routes, membership_routes
from simulator.control.models import Problem
from simulator.control.ports import Levers
from simulator.control.pressing import press_routes
from simulator.control.waiting import Waits
from simulator.world.refusals import Refusal
from simulator.world.snapshot import SnapshotError
from simulator.world.world import World

NOT_FOUND, CONFLICT = status.HTTP_404_NOT_FOUND, status.HTTP_409_CONFLICT
UNFIT = 422
MISREAD = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no field of this name; /openapi.json lists them",
}
"""What is plainer than the validator's own words."""
SAID: dict[int | str, dict[str, object]] = {
    code: {"model": Problem} for code in (NOT_FOUND, CONFLICT, UNFIT)
}


def build_app(world: World, levers: Levers, waits: Waits) -> FastAPI:
    """Make the application by which a world is directed; its description is /openapi.json.

    Whoever serves it ends its `waits` before it stops.
    """
    app = FastAPI(title="Control of a simulated Telegram", docs_url=None, redoc_url=None)
    for routes in (
        people_routes(world),
        chat_routes(world),
        membership_routes(world),
        door_routes(world),
        forum_routes(world),
        talk_routes(world, waits),
        person_routes(world, waits),
        message_routes(world),
        feeling_routes(world),
        stance_routes(world),
        press_routes(world, waits),
        bot_routes(world, levers.bots),
        bot_fault_routes(levers.bot_faults),
        fault_routes(levers.faults),
        limit_routes(levers.limits),
        evidence_routes(world, levers.wires),
        happening_routes(waits.happenings, waits),
        world_routes(world, levers.whole),
    ):
        app.include_router(routes, responses=SAID)
    say_no_clearly(app)
    return app


def problem(code: int, error: str, message: str) -> JSONResponse:
    """Answer with a word for programs and a sentence for people."""
    return JSONResponse(Problem(error=error, message=message).model_dump(), code)


def say_no_clearly(app: FastAPI) -> None:
    """Turn every expected failure into a problem."""

    @app.exception_handler(NotThere)
    async def not_there(_: Request, error: NotThere) -> JSONResponse:
        return problem(NOT_FOUND, "NOT_FOUND", str(error))

    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> JSONResponse:
        return problem(CONFLICT, error.word, f"Telegram would refuse this with {error.word}.")

    @app.exception_handler(SnapshotError)
    async def damaged(_: Request, error: SnapshotError) -> JSONResponse:
        return problem(UNFIT, "SNAPSHOT_INVALID", f"{error}.")

    @app.exception_handler(ValueError)
    async def unfit(_: Request, error: ValueError) -> JSONResponse:
        return problem(UNFIT, "VALUE_INVALID", f"{error}.")

    @app.exception_handler(RequestValidationError)
    async def misread(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        told = MISREAD.get(first["type"], first["msg"])
        return problem(UNFIT, "REQUEST_INVALID", f"At {where}: {told}.")

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        told = f"{request.method} {request.url.path}: {error.detail}; /openapi.json lists requests."
        return problem(error.status_code, "NO_SUCH_REQUEST", told)
