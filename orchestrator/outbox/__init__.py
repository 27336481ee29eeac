"""The one way out: what waits to be said, and the gate that lets it."""
