"""The only place where everything is put together."""
