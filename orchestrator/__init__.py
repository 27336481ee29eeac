"""What happens, and in which order: rules and ports, without SQL, sockets or Telethon."""
