"""What a node knows of scripts and numbers, kept as new as the database."""
