"""Grants through the bot: an admin of a channel allows comments there, and takes it back."""
