"""What the orchestrator needs of the rooms above it, each port shaped by its caller."""
