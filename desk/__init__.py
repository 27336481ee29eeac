"""The desk: a Telegram bot that clients and operators talk through, on aiogram.

How a part of the desk adds itself: write `make_wing(house) -> Wing` (`desk.house`) and name it in
`desk.wings`. A wing is an aiogram router, continuations and chores. Its handlers may ask for
`turn: Turn` and `house: House` by name, beside what aiogram gives.

How a handler works: it decides by methods of `house.desk` (`support.ports`), each under an act of
its own (`turn.act("take")`), and says things by `turn.say`, `turn.copy`, `turn.edit`,
`turn.queue(method, place, params)`. Nothing is sent there and then: the parcels are stored with the
end of the update and sent by the courier, in order for each chat. A handler that was killed half
way runs again, and the same acts decide the same. `turn.reply` is what a pressed button shows.

How it goes on after a parcel: `after=After("card", {"ticket": 5})` has the continuation `card` of
some wing called with a turn of its own and `Fell`: whether it was sent, the number that the message
or topic got, or why it was refused. A title or other edit queued with `delay=` waits aside for
later ones to replace it.

A mode is a `Hall`: put it into `house.halls[Mode.…]` in `make_wing`. `desk.relay` records a message
and passes it on, finds the message that a reply means, and mirrors edits and reactions.
"""
