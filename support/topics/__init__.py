"""Mode topics: what a ticket's forum topics are called, what passes between them, and how fast."""
