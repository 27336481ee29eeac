"""Fixtures that every test may ask for."""

from tests.fixtures.machinery import certificates, command_tree, inline_selector, server_key
from tests.fixtures.servers import (
    database_url,
    portal,
    redis_url,
    servers,
    shelf,
    template_database,
)

__all__ = [
    "certificates",
    "command_tree",
    "database_url",
    "inline_selector",
    "portal",
    "redis_url",
    "server_key",
    "servers",
    "shelf",
    "template_database",
]
