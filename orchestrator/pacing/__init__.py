"""Not too fast."""
