"""The desk's rules: tickets, SLA clocks, surveys, texts, and the ports that they need. Pure."""
