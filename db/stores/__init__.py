"""What the orchestrator asks to be stored, in PostgreSQL: one class for each port."""
