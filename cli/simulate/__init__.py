"""A simulated Telegram of its own, for rehearsals."""
