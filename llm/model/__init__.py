"""Asking a model over the OpenAI protocol: every failure is a value."""
