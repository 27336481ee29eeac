"""Talking with people who wrote to an account: script or person, turn by turn."""
