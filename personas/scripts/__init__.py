"""Scripts: the words a persona has been given, as data."""
