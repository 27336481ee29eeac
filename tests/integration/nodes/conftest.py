"""Nodes inside the test's own process, on a database with somebody in it."""

from tests.integration.db.conftest import cipher, engine, scene, stores

__all__ = ["cipher", "engine", "scene", "stores"]
