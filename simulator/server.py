"""The simulated Telegram as one server: wires in front, one world behind."""
