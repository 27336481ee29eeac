"""A Telegram on loopback, for rehearsals and for proof."""
