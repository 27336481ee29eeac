"""Fixtures that every test may ask for."""

import os

from tests.fixtures.servers import (
    database_url,
    portal,
    redis_url,
    servers,
    shelf,
    template_database,
)

__all__ = ["database_url", "portal", "redis_url", "servers", "shelf", "template_database"]

# One process learns for many tests; those that are about the selector's own process ask for it.
os.environ.setdefault("SELECTOR", "inline")
