"""The commands, one module for each noun; each parses, calls the service, and shows what came."""
