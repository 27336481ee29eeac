"""Fixtures that every test may ask for."""

from hypothesis import HealthCheck, settings

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

# How long an example takes says more of the machine's other work than of the rule.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
