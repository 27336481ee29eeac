"""Which accounts this process holds, and keeping their lanes alive."""
