"""Deciding about posts: a persona and its line, or a silence with its reason."""
