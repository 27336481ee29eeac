"""Who holds an account, on clocks that nobody shares."""
