"""The two-step password: asked for at sign-in, set, changed and removed."""

import secrets

from telethon.tl import types
from telethon.tl.functions import account, auth

from simulator.mtproto.call import Call, Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.signing import show_authorization
from simulator.mtproto.methods.topic import Topic
from simulator.world.refusals import Refusal
from simulator.world.two_step import GENERATOR, PRIME, SALT_BYTES, WIDTH, TwoStep, wide

Algorithm = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow

topic = Topic()


@topic.open_to_all(account.GetPasswordRequest)
async def get_password(call: Call, _: account.GetPasswordRequest) -> Result:
    """Begin a proof of the password, and say how a new one would be sealed."""
    challenge = call.world.logins.challenge(call.key_id)
    answer = types.account.Password(
        new_algo=show_algorithm(secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)),
        new_secure_algo=types.SecurePasswordKdfAlgoUnknown(),
        secure_random=secrets.token_bytes(WIDTH),
    )
    if challenge is not None:
        kept = challenge.two_step
        answer.has_password = True
        answer.current_algo = show_algorithm(kept.salt1, kept.salt2)
        answer.srp_B, answer.srp_id = challenge.public, challenge.id
        answer.hint = kept.hint or None
    return answer


def show_algorithm(salt1: bytes, salt2: bytes) -> types.TLObject:
    """Say how a password is sealed."""
    return Algorithm(salt1=salt1, salt2=salt2, g=GENERATOR, p=wide(PRIME))


@topic.open_to_all(auth.CheckPasswordRequest)
async def check_password(call: Call, request: auth.CheckPasswordRequest) -> Result:
    """Finish signing in with the password."""
    logins = call.world.logins
    if call.key_id not in logins.half_way:
        raise Refusal("AUTH_KEY_UNREGISTERED")
    prove(call, request.password)
    return show_authorization(call, logins.pass_second_step(call.key_id, call.address))


def prove(call: Call, proof: types.InputCheckPasswordSRP) -> None:
    """Refuse whoever does not prove that they know the password."""
    if not isinstance(proof, types.InputCheckPasswordSRP):
        raise Refusal("PASSWORD_HASH_INVALID")
    call.world.logins.check_password(call.key_id, proof.srp_id, proof.A, proof.M1)


@topic.handles(account.UpdatePasswordSettingsRequest)
async def update_password(caller: Caller, request: account.UpdatePasswordSettingsRequest) -> Result:
    """Set, change or remove the password; one that is set must be proved first."""
    if caller.me.two_step is not None:
        prove(caller.call, request.password)
    caller.me.two_step = read_two_step(request.new_settings)
    return True


def read_two_step(settings: types.account.PasswordInputSettings) -> TwoStep | None:
    """Read a sealed password, None for an empty one."""
    if not settings.new_password_hash:
        return None
    algorithm = settings.new_algo
    if not isinstance(algorithm, Algorithm):
        raise Refusal("NEW_SETTINGS_INVALID")
    verifier = int.from_bytes(settings.new_password_hash, "big")
    return TwoStep(algorithm.salt1, algorithm.salt2, verifier, settings.hint or "")
