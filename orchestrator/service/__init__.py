"""What every door calls."""
