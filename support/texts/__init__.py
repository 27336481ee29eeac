"""What clients see and operators read, in Russian and English."""
