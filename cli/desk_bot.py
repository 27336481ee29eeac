"""The desk's bot as the database knows it, without what speaks with Telegram being loaded."""

from cli.compose import Company, cipher_for
from db.stores.desk_relays import PostgresBots


def bots_of(company: Company) -> PostgresBots:
    """Return where bots' tokens are kept."""
    return PostgresBots(company.engine, cipher_for(company.settings, company.keyring))


async def bot_username(company: Company) -> str | None:
    """Return the desk's bot's name as it was kept, or as Telegram tells it; None: none is set."""
    kept = await bots_of(company).username()
    token = company.settings.bot_token
    if kept is not None or token is None:
        return kept
    from desk.setup import setup_bot

    async with setup_bot(token, company.settings.bot_api_url) as bot:
        return (await bot.identify()).username
