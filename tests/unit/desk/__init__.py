"""The desk's own rules, without Telegram or servers."""
