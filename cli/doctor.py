"""`troupe doctor`: what Troupe stands on, checked, each with how to mend it."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cli.compose import cipher_for, server_named
from cli.offstage import REMEDY
from cli.settings import Settings, load_settings
from db import migrate
from db.embedded import Servers, resolve_servers
from db.embedded.urls import without_secrets
from db.engine import create_engine
from db.keys import load_keyring
from db.pacing import redis_turns
from db.probes import ping_redis, server_time, server_version
from db.stores.accounts import PostgresAccounts
from orchestrator.errors import BadInput, TroupeError

OLDEST_PYTHON = (3, 11)
TELEGRAM = ("149.154.167.51", 443)
"""Data centre 2 of the public Telegram, from its own list (core.telegram.org/api/datacenter)."""
REACH_SECONDS = 5.0
DRIFT_WARNING, DRIFT_BROKEN = 2.0, 30.0
ROOM_WARNING, ROOM_BROKEN = 2 * 1024**3, 200 * 1024**2


class Health(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    check: str
    health: Health
    detail: str
    remedy: str = ""


async def examine() -> list[Finding]:
    """Check everything; what cannot be checked because of something else is left out."""
    findings = [check_python()]
    try:
        settings = load_settings()
    except TroupeError as error:
        return [*findings, Finding("Settings", Health.BROKEN, "unusable", str(error))]
    findings += [check_room(settings.home), check_key(settings)]
    is_keyed = findings[-1].health is Health.OK
    accounts = 0
    try:
        async with resolve_servers(
            settings.database_url, settings.redis_url, settings.home
        ) as servers:
            async for finding in check_servers(settings, servers):
                findings.append(finding)
            accounts = await count_accounts(settings, servers) if is_keyed else 0
    except TroupeError as error:
        findings.append(Finding("Servers", Health.BROKEN, "do not run", str(error)))
    return [*findings, check_application(settings, accounts), await reach(settings, accounts)]


def check_python() -> Finding:
    """Check Python's version."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", Health.BROKEN, found, "install Python 3.11 or newer")
    return Finding("Python", Health.OK, found)


def check_room(home: Path) -> Finding:
    """Check the free space where the data folder is, or will be."""
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    if not os.access(there, os.W_OK):
        remedy = "make it writable, or set TROUPE_HOME to a folder that is"
        return Finding("Disk", Health.BROKEN, f"{there} is not writable", remedy)
    free = shutil.disk_usage(there).free
    detail = f"{free / 1024**3:.1f} GB free at {there}"
    remedy = "free some space, or set TROUPE_HOME to a larger disk"
    if free < ROOM_BROKEN:
        return Finding("Disk", Health.BROKEN, detail, remedy)
    if free < ROOM_WARNING:
        return Finding("Disk", Health.WARNING, detail, remedy)
    return Finding("Disk", Health.OK, detail)


def check_key(settings: Settings) -> Finding:
    """Check that there is an encryption key, and that others cannot read it."""
    try:
        keyring = load_keyring(settings.encryption_key, settings.home)
    except TroupeError as error:
        return Finding("Encryption key", Health.BROKEN, "unusable", str(error))
    except OSError as error:
        remedy = (
            f"{error.filename} cannot be used ({error.strerror}): set TROUPE_HOME to a folder that "
            "you can write, or TROUPE_ENCRYPTION_KEY"
        )
        return Finding("Encryption key", Health.BROKEN, "unusable", remedy)
    return Finding("Encryption key", Health.OK, f"from {keyring.origin}")


async def check_servers(settings: Settings, servers: Servers) -> AsyncIterator[Finding]:
    """Check PostgreSQL, its schema, its clock, and Redis."""
    engine = create_engine(servers.database_url, pool_size=1, overflow=0)
    try:
        kind = "external" if settings.database_url else "embedded"
        found = await server_version(engine)
        place = without_secrets(servers.database_url)
        yield Finding("PostgreSQL", Health.OK, f"{kind} {found} at {place}")
        yield await check_schema(servers.database_url, is_brought=not settings.database_url)
        yield check_clock(await server_time(engine), datetime.now(UTC))
    except TroupeError as error:
        yield Finding("PostgreSQL", Health.BROKEN, "does not answer", str(error))
    finally:
        await engine.dispose()
    yield await check_redis(settings, servers)
    yield await check_pacing(servers)


async def check_schema(database_url: str, *, is_brought: bool) -> Finding:
    """Compare the schema with the one that this program knows.

    An embedded server's `is_brought` to the newest one by whatever command comes next.
    """
    found, newest = await migrate.current(database_url), migrate.head()
    if found == newest:
        return Finding("Schema", Health.OK, f"{found}, the newest")
    if is_brought:
        told = f"{found or 'empty'}; the next command brings it to {newest} by itself"
        return Finding("Schema", Health.OK, told)
    health = Health.BROKEN if found else Health.WARNING
    return Finding("Schema", health, found or "empty", "run: troupe db upgrade")


def check_clock(theirs: datetime, ours: datetime) -> Finding:
    """Compare the database's clock with this machine's."""
    drift = abs((theirs - ours).total_seconds())
    detail = f"{drift:.1f} s between this machine and the database"
    remedy = "synchronise both clocks: timedatectl set-ntp true"
    if drift > DRIFT_BROKEN:
        return Finding("Clock", Health.BROKEN, detail, remedy)
    if drift > DRIFT_WARNING:
        return Finding("Clock", Health.WARNING, detail, remedy)
    return Finding("Clock", Health.OK, detail)


async def check_redis(settings: Settings, servers: Servers) -> Finding:
    """Check that Redis or Valkey answers."""
    try:
        found = await ping_redis(servers.redis_url)
    except TroupeError as error:
        return Finding("Redis", Health.BROKEN, "does not answer", str(error))
    kind = "external" if settings.redis_url else "embedded"
    return Finding("Redis", Health.OK, f"{kind} {found} at {without_secrets(servers.redis_url)}")


async def check_pacing(servers: Servers) -> Finding:
    """Check that turns can be taken where all nodes take them; nothing is taken."""
    async with redis_turns(servers.redis_url) as turns:
        try:
            await turns.take((), timedelta(seconds=1))
        except TroupeError as error:
            detail = "each node keeps to its share of the limits"
            return Finding("Pacing", Health.WARNING, detail, str(error))
    return Finding("Pacing", Health.OK, "shared by all nodes")


async def count_accounts(settings: Settings, servers: Servers) -> int:
    """Return how many accounts are on record; 0 where nothing can be read."""
    engine = create_engine(servers.database_url, pool_size=1, overflow=0)
    keyring = load_keyring(settings.encryption_key, settings.home)
    try:
        if not await migrate.is_current(engine):
            return 0
        return len(await PostgresAccounts(engine, cipher_for(settings, keyring)).accounts())
    except TroupeError:
        return 0
    finally:
        await engine.dispose()


def check_application(settings: Settings, accounts: int) -> Finding:
    """Check that an application of my.telegram.org is set; nothing needs it without accounts."""
    if settings.telegram_api_id and settings.telegram_api_hash:
        detail = f"API id {settings.telegram_api_id} and its hash are set"
        return Finding("Telegram application", Health.OK, detail)
    return Finding("Telegram application", severity(accounts), "not set", REMEDY)


async def reach(settings: Settings, accounts: int) -> Finding:
    """Check that Telegram's address answers at all, and that its key can be used."""
    host, port = settings.telegram_address or TELEGRAM
    try:
        server_named(settings)
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except BadInput as unusable:
        return Finding("Telegram", Health.BROKEN, "its key cannot be used", str(unusable))
    except (OSError, TimeoutError):
        remedy = "check the network and its firewall (TELEGRAM_SERVER names another server)"
        detail = f"{host}:{port} does not answer"
        return Finding("Telegram", severity(accounts), detail, remedy)
    writer.close()
    return Finding("Telegram", Health.OK, f"{host}:{port} answers")


def severity(accounts: int) -> Health:
    """Say how bad it is that Telegram cannot be used."""
    return Health.BROKEN if accounts else Health.WARNING


def is_broken(findings: Sequence[Finding]) -> bool:
    """Tell whether something must be mended."""
    return any(finding.health is Health.BROKEN for finding in findings)
