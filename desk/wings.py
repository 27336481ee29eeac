"""The parts of the desk, in the order in which they are asked about an update."""

from collections.abc import Sequence

from desk.accounts.wing import make_wing as accounts
from desk.client.wing import make_wing as client
from desk.grants.wing import make_wing as grants
from desk.house import House, MakeWing
from desk.media import make_wing as media
from desk.moving import make_wing as moving
from desk.staff.wing import make_wing as staff
from desk.take.wing import make_wing as take
from desk.topics.wing import make_wing as topics
from desk.upkeep import make_wing as upkeep


def make_wings(house: House) -> Sequence[MakeWing]:
    """Return the wings that the settings ask for; clients come last, for anybody is one."""
    settings = house.settings
    wings: list[MakeWing] = [moving, staff, upkeep]
    if house.grants is not None:
        wings.insert(0, grants)
    if settings.operators_chat is not None:
        wings.append(take)
    if settings.main_group is not None or settings.operators_chat is None:
        wings.insert(0, topics)
    if house.accounts is not None:
        wings.append(accounts)
    if settings.media_root is not None:
        wings.append(media)
    return [*wings, client]
