"""Everything that Troupe itself refuses, as one tree.

    TroupeError
    ├── BadInput               what a person typed or a file holds cannot be used
    │   ├── NotFound
    │   └── AlreadyExists
    ├── NotAllowed             the charter or the state of things forbids it
    ├── ServersUnavailable     PostgreSQL or Valkey cannot be reached or started
    ├── AccountBusy            the account's holder did not answer in time
    ├── Overtaken              somebody stored something else meanwhile: look again
    ├── SignInRefused          Telegram does not accept the number, code or password
    └── TelegramRefused        Telegram answered with an error (see `orchestrator.refusals`)

Each message is one sentence that a person can act on.
"""


class TroupeError(Exception):
    """Troupe cannot do what was asked; the message says what to do about it."""


class BadInput(TroupeError):
    """What was given cannot be used; nothing was changed."""


class NotFound(BadInput):
    """Nothing goes by that name."""


class AlreadyExists(BadInput):
    """Something goes by that name already."""


class NotAllowed(TroupeError):
    """The charter, or the state that things are in, forbids it."""


class ServersUnavailable(TroupeError):
    """PostgreSQL or Valkey cannot be reached or started."""


class AccountBusy(TroupeError):
    """The process that holds the account did not carry out the command in time."""


class Overtaken(TroupeError):
    """What was decided rests on what is so no longer; nothing of it was stored."""


class SignInRefused(TroupeError):
    """Telegram did not accept the phone number, the code or the password."""
