"""Who speaks and what they may say: pure rules, no I/O."""
