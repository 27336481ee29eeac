"""Conversations of user accounts that were handed to people, as tickets of the desk."""
