"""The parts of the desk, in the order in which they are asked about an update."""

from collections.abc import Sequence

from desk.client.wing import make_wing as client
from desk.house import House, MakeWing
from desk.take.wing import make_wing as take
from desk.upkeep import make_wing as upkeep


def make_wings(house: House) -> Sequence[MakeWing]:
    """Return the wings that the settings ask for; clients come last, for anybody is one."""
    wings: list[MakeWing] = [upkeep]
    if house.settings.operators_chat is not None:
        wings.append(take)
    return [*wings, client]
