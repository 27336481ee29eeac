"""The live accounts: the only room that knows Telethon."""
