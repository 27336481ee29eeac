"""Bringing the schema to the version that this program knows, or saying that it is another."""

from cli.settings import Settings
from db import migrate as migrations
from db.embedded import resolve_servers
from orchestrator.errors import NotAllowed


async def bring_schema(database_url: str, *, migrate: bool) -> None:
    """Migrate where that is wanted; else raise NotAllowed for a schema that is not the newest."""
    found = await migrations.current(database_url)
    if found == migrations.head():
        return
    if not migrate:
        raise NotAllowed(
            f"the database's schema is {found or 'empty'}, not {migrations.head()}: "
            "run `troupe db upgrade` (a newer one needs a newer Troupe)"
        )
    await migrations.upgrade(database_url)


async def upgrade_schema(settings: Settings) -> str:
    """Migrate, and say from where to where."""
    async with resolve_servers(settings.database_url, settings.redis_url, settings.home) as servers:
        before = await migrations.current(servers.database_url)
        await migrations.upgrade(servers.database_url)
    if before == migrations.head():
        return f"the schema is the newest already: {before}"
    return f"the schema went from {before or 'empty'} to {migrations.head()}"


async def read_versions(settings: Settings) -> tuple[str | None, str]:
    """Return the schema's version, and the one that this program knows."""
    async with resolve_servers(settings.database_url, settings.redis_url, settings.home) as servers:
        return await migrations.current(servers.database_url), migrations.head()
