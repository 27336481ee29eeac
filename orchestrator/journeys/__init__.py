"""Journeys: how far people are in lessons and diagnostics."""
