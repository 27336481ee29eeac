"""What stands in deploy/ is well-formed and agrees with the code."""
