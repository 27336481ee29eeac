"""The desk's door, over HTTP against a simulated Telegram."""
