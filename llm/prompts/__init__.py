"""Prompts: one file for each version, never changed once it was used."""
