"""Taking in facts, and making sure that none was missed."""
