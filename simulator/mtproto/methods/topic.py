"""Registers a topic's handlers, so that each one meets a known caller."""

from collections.abc import Awaitable, Callable

from telethon.tl import TLRequest

from simulator.mtproto.call import Call, Handler, Result, RpcFault
from simulator.mtproto.dispatch import Methods
from simulator.mtproto.methods.caller import Caller
from simulator.world.refusals import Refusal

SignedInHandler = Callable[[Caller, TLRequest], Awaitable[Result]]


class Topic:
    """The handlers of one module; what the world refuses travels as `rpc_error`."""

    def __init__(self) -> None:
        self.methods = Methods()

    def open_to_all(self, request: type[TLRequest]) -> Callable[[Handler], Handler]:
        """Register a handler that also answers whoever is not signed in."""

        def register(handler: Handler) -> Handler:
            async def answer(call: Call, asked: TLRequest) -> Result:
                try:
                    return await handler(call, asked)
                except Refusal as refusal:
                    raise RpcFault(refusal.code, refusal.word) from refusal

            self.methods.handles(request)(answer)
            return handler

        return register

    def handles(self, request: type[TLRequest]) -> Callable[[SignedInHandler], SignedInHandler]:
        """Register a handler for those who are signed in."""

        def register(handler: SignedInHandler) -> SignedInHandler:
            @self.open_to_all(request)
            async def answer(call: Call, asked: TLRequest) -> Result:
                return await handler(caller_of(call), asked)

            return handler

        return register


def caller_of(call: Call) -> Caller:
    """Find out who asks; raises `Refusal` when the key speaks for nobody."""
    user = call.world.logins.note_use(call.key_id)
    if user is None:
        raise Refusal("AUTH_KEY_UNREGISTERED")
    return Caller(call, call.world.people.get(user))
