"""Everything that is stored."""
