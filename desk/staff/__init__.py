"""What staff ask the bot: figures, searches, technicians, and the admins' menu."""
