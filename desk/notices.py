"""What is said of parcels that may not have arrived, or have not."""

from dataclasses import dataclass

from desk.buttons import button, keyboard
from desk.courier import NOTICE
from desk.house import House
from desk.turn import Turn
from orchestrator.ports.desk import DueParcel, Parcel
from support.languages import Language
from support.tickets import Place


@dataclass(frozen=True, slots=True)
class Notices:
    """Implements `desk.courier.Wording`."""

    house: House

    def doubtful(self, parcel: DueParcel) -> Parcel | None:
        """Say that it may not have arrived, with a button to send it again."""
        return self.notice(parcel, "relay.doubtful", again=True)

    def undelivered(self, parcel: DueParcel, reason: str) -> Parcel | None:
        """Say that it was not delivered, and why."""
        return self.notice(parcel, "relay.undelivered", again=False, reason=reason)

    def notice(self, parcel: DueParcel, key: str, *, again: bool, **values: str) -> Parcel | None:
        """Word a notice for whoever waits for a parcel, if anybody does."""
        doubt = parcel.parcel.doubt
        if doubt is None:
            return None
        words, language = self.house.words, Language(doubt.language)
        turn = Turn(self.house.bot_id, f"{NOTICE}{parcel.id}", about=parcel.parcel.ticket)
        buttons = keyboard([button(words("button.again", language), "again", parcel.id)])
        turn.say(
            Place(doubt.chat, doubt.thread),
            words(key, language, **values),
            keyboard=buttons if again else None,
            reply_to=doubt.reply_to,
        )
        return turn.parcels[0]
