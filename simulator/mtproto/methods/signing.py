"""Signing in, signing up, signing out, and the list of one's sessions."""

from telethon.tl import types
from telethon.tl.functions import account, auth

from simulator.mtproto.call import Call, Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import show_user
from simulator.world.logins import CODE_LENGTH, Login
from simulator.world.people import Person
from simulator.world.refusals import Refusal

topic = Topic()


def show_authorization(call: Call, person: Person) -> types.auth.Authorization:
    """Tell a key for whom it speaks now."""
    return types.auth.Authorization(user=show_user(call.world, person.id, person))


@topic.open_to_all(auth.SendCodeRequest)
async def send_code(call: Call, request: auth.SendCodeRequest) -> Result:
    """Send a code to the number's other sessions."""
    code_hash = call.world.logins.send_code(request.phone_number)
    return types.auth.SentCode(
        type=types.auth.SentCodeTypeApp(length=CODE_LENGTH), phone_code_hash=code_hash
    )


@topic.open_to_all(auth.ResendCodeRequest)
async def resend_code(call: Call, request: auth.ResendCodeRequest) -> Result:
    """Send the same code again."""
    call.world.logins.recall_code(request.phone_number, request.phone_code_hash)
    return types.auth.SentCode(
        type=types.auth.SentCodeTypeSms(length=CODE_LENGTH),
        phone_code_hash=request.phone_code_hash,
    )


@topic.open_to_all(auth.SignInRequest)
async def sign_in(call: Call, request: auth.SignInRequest) -> Result:
    """Sign a key in with a code."""
    person = call.world.logins.sign_in(
        call.key_id,
        request.phone_number,
        request.phone_code_hash,
        request.phone_code or "",
        call.address,
    )
    if person is None:
        return types.auth.AuthorizationSignUpRequired()
    return show_authorization(call, person)


@topic.open_to_all(auth.SignUpRequest)
async def sign_up(call: Call, request: auth.SignUpRequest) -> Result:
    """Make an account for a number that proved its code."""
    person = call.world.logins.sign_up(
        call.key_id,
        request.phone_number,
        request.phone_code_hash,
        (request.first_name, request.last_name),
        call.address,
    )
    return show_authorization(call, person)


@topic.handles(auth.LogOutRequest)
async def log_out(caller: Caller, _: auth.LogOutRequest) -> Result:
    """End the session that asks."""
    caller.world.logins.forget(caller.call.key_id)
    return types.auth.LoggedOut()


@topic.handles(account.GetAuthorizationsRequest)
async def get_authorizations(caller: Caller, _: account.GetAuthorizationsRequest) -> Result:
    """List the sessions of the account, the asking one first."""
    logins = caller.world.logins
    here = caller.call.key_id
    keys = sorted(logins.keys_of(caller.me.id), key=lambda key: key != here)
    shown = [show_login(logins.by_key[key], current=key == here) for key in keys]
    return types.account.Authorizations(authorization_ttl_days=180, authorizations=shown)


def show_login(login: Login, *, current: bool) -> types.Authorization:
    """Show one session; the session that asks has the hash 0, as with Telegram."""
    return types.Authorization(
        hash=0 if current else login.hash,
        device_model="unknown",
        platform="unknown",
        system_version="",
        api_id=1,
        app_name="unknown",
        app_version="",
        date_created=login.since,
        date_active=login.since,
        ip=login.address,
        country="",
        region="",
        current=current,
    )


@topic.handles(account.ResetAuthorizationRequest)
async def reset_authorization(caller: Caller, request: account.ResetAuthorizationRequest) -> Result:
    """End another session of the account."""
    logins = caller.world.logins
    for key in logins.keys_of(caller.me.id):
        if key != caller.call.key_id and logins.by_key[key].hash == request.hash:
            logins.end(key)
            return True
    raise Refusal("HASH_INVALID")


@topic.handles(auth.ResetAuthorizationsRequest)
async def reset_authorizations(caller: Caller, _: auth.ResetAuthorizationsRequest) -> Result:
    """End all other sessions of the account."""
    for key in caller.world.logins.keys_of(caller.me.id):
        if key != caller.call.key_id:
            caller.world.logins.end(key)
    return True
