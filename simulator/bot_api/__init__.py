"""The Bot API over HTTP, the second face of the simulated world."""
