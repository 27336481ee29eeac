"""What may be said: the script format and its canonical form."""
