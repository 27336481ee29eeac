"""What is true in the simulated Telegram, whatever wire asks."""
