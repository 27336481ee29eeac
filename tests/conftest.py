"""Fixtures that every test may ask for."""

from tests.fixtures.servers import database_url, portal, redis_url, servers, template_database

__all__ = ["database_url", "portal", "redis_url", "servers", "template_database"]
