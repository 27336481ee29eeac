"""Health for whoever watches processes: /healthz says that it lives, /readyz that it can work."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal, Protocol

from fastapi import APIRouter, FastAPI, Response, status
from pydantic import BaseModel

from orchestrator.errors import TroupeError
from web.metrics import Figures, metrics_router
from web.webhook import Hook, webhook_router

PATIENCE: Final = 2.0
"""How many seconds a probe may take before what it asks counts as not ready."""

OK: Final = "ok"

SPARED: Final = frozenset({"redis"})
"""What is told, but holds nobody up: without it work goes on, at each node's share of the pace."""


class Probes(Protocol):
    """What must work; each returns when it does, and raises TroupeError with a sentence if not."""

    async def database(self) -> None:
        """Ask PostgreSQL something."""

    async def redis(self) -> None:
        """Ask Redis something."""

    async def migrations(self) -> None:
        """Compare the schema with the one that this program knows."""

    async def node_takes(self) -> None:
        """See whether the node beside this door takes accounts, or is on its way out."""

    async def listener(self) -> None:
        """See whether notices from PostgreSQL are being heard."""

    def pacing(self) -> str:
        """Say which pacing holds: shared by all nodes, or this node's share."""


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether work can be done, the answer of each probe (`ok`, or a sentence), and the pacing."""

    ready: bool
    checks: dict[str, str]
    pacing: str


def create_app(probes: Probes, figures: Figures | None = None, hook: Hook | None = None) -> FastAPI:
    """Build the HTTP door; without figures it has no /metrics, without a hook no webhook."""
    app = FastAPI(title="Troupe", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_router(probes))
    if figures is not None:
        app.include_router(metrics_router(figures))
    if hook is not None:
        app.include_router(webhook_router(hook))
    return app


def health_router(probes: Probes) -> APIRouter:
    """Serve /healthz and /readyz."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> Liveness:
        """Say that the process lives; asks nobody."""
        return Liveness()

    @router.get("/readyz")
    async def readyz(response: Response) -> Readiness:
        """Say whether everything works: 200, or 503 with what does not."""
        readiness = await ask_all(probes)
        if not readiness.ready:
            response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return readiness

    return router


async def ask_all(probes: Probes) -> Readiness:
    """Ask all probes at once."""
    asked = {
        "database": probes.database,
        "redis": probes.redis,
        "migrations": probes.migrations,
        "listener": probes.listener,
        "node": probes.node_takes,
    }
    answers = await asyncio.gather(*map(ask, asked.values()))
    checks = dict(zip(asked, answers, strict=True))
    ready = all(answer == OK for name, answer in checks.items() if name not in SPARED)
    return Readiness(ready=ready, checks=checks, pacing=probes.pacing())


async def ask(probe: Callable[[], Awaitable[None]]) -> str:
    """Return `ok`, or the sentence about what is wrong."""
    try:
        async with asyncio.timeout(PATIENCE):
            await probe()
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except (TroupeError, OSError) as failed:
        return str(failed)
    return OK
