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


@topic.open_to_all(auth.ExportLoginTokenRequest)
async def export_login_token(call: Call, _: auth.ExportLoginTokenRequest) -> Result:
    """Give a session a token to show, or sign it in once the token was accepted."""
    person = call.world.logins.claim_token(call.key_id, call.address)
    if person is not None:
        return types.auth.LoginTokenSuccess(show_authorization(call, person))
    token = call.world.logins.tokens.issue(call.key_id, call.address)
    return types.auth.LoginToken(expires=token.expires, token=token.value)


@topic.open_to_all(auth.ImportLoginTokenRequest)
async def import_login_token(call: Call, request: auth.ImportLoginTokenRequest) -> Result:
    """Sign a session in that was sent here by another data centre; there is no other."""
    token = call.world.logins.tokens.find(request.token)
    person = call.world.logins.claim_token(call.key_id, call.address)
    if person is not None:
        return types.auth.LoginTokenSuccess(show_authorization(call, person))
    return types.auth.LoginToken(expires=token.expires, token=token.value)


@topic.handles(auth.AcceptLoginTokenRequest)
async def accept_login_token(caller: Caller, request: auth.AcceptLoginTokenRequest) -> Result:
    """Let the session that shows a token speak for the account, and tell it."""
    token = caller.world.logins.tokens.accept(request.token, caller.me)
    news = types.UpdateShort(types.UpdateLoginToken(), caller.world.clock.now())
    caller.call.switchboard.push(token.key_id, news)
    now = caller.world.clock.now()
    login = Login(token.key_id, caller.me.id, now, now, token.address)
    return show_login(caller, login)


@topic.handles(account.GetAuthorizationsRequest)
async def get_authorizations(caller: Caller, _: account.GetAuthorizationsRequest) -> Result:
    """List the sessions of the account, the asking one first."""
    logins = caller.world.logins
    here = caller.call.key_id
    keys = sorted(logins.keys_of(caller.me.id), key=lambda key: key != here)
    shown = [show_login(caller, logins.by_key[key]) for key in keys]
    return types.account.Authorizations(authorization_ttl_days=180, authorizations=shown)


def show_login(caller: Caller, login: Login) -> types.Authorization:
    """Show one session; the session that asks has the hash 0, as with Telegram."""
    client = caller.call.switchboard.client_of(login.key_id)
    current = login.key_id == caller.call.key_id
    return types.Authorization(
        hash=0 if current else login.hash,
        device_model=client.device_model if client else "unknown",
        platform="",
        system_version=client.system_version if client else "",
        api_id=client.api_id if client else 0,
        app_name="Telegram client",
        app_version=client.app_version if client else "",
        date_created=login.since,
        date_active=login.active_at,
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
