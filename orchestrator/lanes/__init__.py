"""One account at a time: its paced sending and its commands."""
