"""The whole life of a ticket in mode take."""

from tests.integration.desk.lives import life_with_an_operator
from tests.integration.desk.stand import Stand


async def test_a_ticket_lives_from_the_menu_to_the_survey(stand: Stand) -> None:
    async with stand.open() as door:
        await life_with_an_operator(stand, door)
