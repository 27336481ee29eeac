"""Who is signed in with which key, and how one gets there."""

import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from simulator.world.clock import Clock
from simulator.world.events import Bulletin, LoginBegun, LoginEnded
from simulator.world.login_tokens import LoginTokens
from simulator.world.peers import UserId
from simulator.world.people import People, Person, normalise_phone
from simulator.world.refusals import Refusal
from simulator.world.two_step import Challenge

TEST_PREFIX = "99966"
TEST_LENGTH = 10
CODE_LENGTH = 5
DEFAULT_CODE = "12345"


@dataclass(slots=True)
class Login:
    """One authorisation: a key that speaks for a person."""

    key_id: int
    user: UserId
    since: datetime
    active_at: datetime
    address: str

    @property
    def hash(self) -> int:
        """The number under which the person's other sessions know this one."""
        digest = hashlib.blake2b(self.key_id.to_bytes(8, "little", signed=self.key_id < 0))
        return int.from_bytes(digest.digest()[:7], "big")


@dataclass(slots=True)
class PendingCode:
    """A code that was sent; `proved` once it was entered for a number without an account."""

    phone: str
    code: str
    proved: bool = False


class Logins:
    """Authorisations by key; codes follow Telegram's rule for test numbers.

    The number 99966XYYYY has the code XXXXX, any other number `DEFAULT_CODE`; `code` sets one for
    all numbers.
    """

    def __init__(
        self, clock: Clock, bulletin: Bulletin, people: People, code: str | None = None
    ) -> None:
        self.clock, self.bulletin, self.people, self.code = clock, bulletin, people, code
        self.by_key: dict[int, Login] = {}
        self.keys: defaultdict[UserId, dict[int, Login]] = defaultdict(dict)
        self.pending: dict[str, PendingCode] = {}
        self.half_way: dict[int, Person] = {}
        self.challenges: dict[int, Challenge] = {}
        self.tokens = LoginTokens(clock)

    def code_for(self, phone: str) -> str:
        """Tell the code that opens a number."""
        digits = normalise_phone(phone)
        if self.code is not None:
            return self.code
        is_test = digits.startswith(TEST_PREFIX) and len(digits) == TEST_LENGTH
        return digits[len(TEST_PREFIX)] * CODE_LENGTH if is_test else DEFAULT_CODE

    def send_code(self, phone: str) -> str:
        """Send a code and give the hash that must come back with it."""
        digits = normalise_phone(phone)
        code_hash = secrets.token_hex(9)
        self.pending[code_hash] = PendingCode(digits, self.code_for(digits))
        return code_hash

    def sign_in(
        self, key_id: int, phone: str, code_hash: str, code: str, address: str
    ) -> Person | None:
        """Sign a key in with a code; None means that the number has no account yet."""
        pending = self.recall_code(phone, code_hash)
        if not code:
            raise Refusal("PHONE_CODE_EMPTY")
        if not secrets.compare_digest(code.encode(), pending.code.encode()):
            raise Refusal("PHONE_CODE_INVALID")
        person = self.people.by_phone.get(pending.phone)
        if person is None:
            pending.proved = True
            return None
        del self.pending[code_hash]
        self.pass_first_step(key_id, person, address)
        return person

    def claim_token(self, key_id: int, address: str) -> Person | None:
        """Sign a key in whose QR token was accepted; None while it was not."""
        person = self.tokens.claim(key_id)
        if person is not None:
            self.pass_first_step(key_id, person, address)
        return person

    def pass_first_step(self, key_id: int, person: Person, address: str) -> None:
        """Sign a key in unless there is a password to be asked for, which `Refusal` says."""
        if person.two_step is not None:
            self.half_way[key_id] = person
            raise Refusal("SESSION_PASSWORD_NEEDED")
        self.welcome(key_id, person, address)

    def challenge(self, key_id: int) -> Challenge | None:
        """Begin a proof of the two-step password; None when there is no password."""
        person = self.whose(key_id)
        if person.two_step is None:
            return None
        self.challenges[key_id] = Challenge(person.two_step)
        return self.challenges[key_id]

    def check_password(self, key_id: int, number: int, public: bytes, proof: bytes) -> None:
        """Accept a proof of the two-step password, once for each challenge."""
        challenge = self.challenges.pop(key_id, None)
        if challenge is None or challenge.id != number:
            raise Refusal("SRP_ID_INVALID")
        if not challenge.accepts(public, proof):
            raise Refusal("PASSWORD_HASH_INVALID")

    def pass_second_step(self, key_id: int, address: str) -> Person:
        """Sign a key in that had proved the code before and now the password."""
        person = self.half_way.pop(key_id)
        self.welcome(key_id, person, address)
        return person

    def whose(self, key_id: int) -> Person:
        """Find the person for whom a key speaks, or will once the password is proved."""
        user = self.user_of(key_id)
        person = self.half_way.get(key_id) if user is None else self.people.get(user)
        if person is None:
            raise Refusal("AUTH_KEY_UNREGISTERED")
        return person

    def sign_up(
        self, key_id: int, phone: str, code_hash: str, names: tuple[str, str], address: str
    ) -> Person:
        """Make an account for a number whose code was entered, and sign the key in."""
        pending = self.recall_code(phone, code_hash)
        if not pending.proved:
            raise Refusal("PHONE_CODE_INVALID")
        person = self.people.add(pending.phone, *names)
        del self.pending[code_hash]
        self.admit(key_id, person, address)
        return person

    def recall_code(self, phone: str, code_hash: str) -> PendingCode:
        """Find the code that was sent to a number under a hash."""
        pending = self.pending.get(code_hash)
        if pending is None or pending.phone != normalise_phone(phone):
            raise Refusal("PHONE_CODE_EXPIRED")
        return pending

    def admit(self, key_id: int, person: Person, address: str = "") -> Login:
        """Let a key speak for a person from now on."""
        self.forget(key_id)
        now = self.clock.now()
        login = Login(key_id, person.id, now, now, address)
        self.by_key[key_id] = login
        self.keys[person.id][key_id] = login
        return login

    def welcome(self, key_id: int, person: Person, address: str) -> None:
        """Let somebody in who proved who they are, and warn the person's other sessions."""
        self.admit(key_id, person, address)
        self.bulletin.tell(LoginBegun(key_id, person.id))

    def user_of(self, key_id: int) -> UserId | None:
        """Say for whom a key speaks."""
        login = self.by_key.get(key_id)
        return None if login is None else login.user

    def note_use(self, key_id: int) -> UserId | None:
        """Say for whom a key speaks, and remember when it was used."""
        login = self.by_key.get(key_id)
        if login is None:
            return None
        login.active_at = self.clock.now()
        return login.user

    def keys_of(self, user: UserId) -> tuple[int, ...]:
        """List the keys that speak for a person."""
        return tuple(self.keys.get(user, ()))

    def forget(self, key_id: int) -> bool:
        """Take a key's word away quietly; say whether it had any."""
        login = self.by_key.pop(key_id, None)
        if login is None:
            return False
        held = self.keys[login.user]
        del held[key_id]
        if not held:
            del self.keys[login.user]
        return True

    def end(self, key_id: int) -> None:
        """Take a key's word away and cut its connections."""
        if self.forget(key_id):
            self.bulletin.tell(LoginEnded(key_id))
