"""Running requests: each once, each as a task that the server owns."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from telethon.tl import TLObject
from telethon.tl.types import RpcError

from simulator.mtproto.call import Call, RpcFault
from simulator.mtproto.dispatch import Methods, method_name
from simulator.mtproto.interception import AnswerLost, ConnectionCut, Interceptor
from simulator.mtproto.session import Line, Receipt, Session, pack_body
from simulator.mtproto.sessions import SessionBook
from simulator.mtproto.wrappers import Wrapped
from simulator.world.world import World

log = logging.getLogger(__name__)

BAD_REQUEST = 400
WAIT_FAILED = RpcFault(BAD_REQUEST, "MSG_WAIT_FAILED")


class RpcRunner:
    """Runs handlers side by side and delivers what they answer."""

    def __init__(self, world: World, book: SessionBook, methods: Methods) -> None:
        self.world, self.book, self.methods = world, book, methods
        self.interceptors: list[Interceptor] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.crashed: Counter[str] = Counter()

    def start(self, session: Session, msg_id: int, wrapped: Wrapped, line: Line) -> None:
        """Run a request that was not seen before; its answer goes to the session."""
        note_wrappers(session, wrapped)
        if wrapped.client is not None:
            self.book.clients[self.book.auth_keys.lasting(session.key.id)] = wrapped.client
        receipt = session.receipts[msg_id]
        # Only what has a lower id can be waited for: so nothing ever waits for itself.
        earlier = [session.receipts.get(each) if each < msg_id else None for each in wrapped.after]
        key_id, layer = self.book.auth_keys.lasting(session.key.id), session.layer
        call = Call(self.world, self.book, key_id, session.id, line.address, layer, line.name)
        task = asyncio.get_running_loop().create_task(
            self.run(call, wrapped.query, earlier, Reply(session, receipt, line)),
            name=f"rpc:{method_name(type(wrapped.query))}:{msg_id}",
        )
        receipt.task = task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(
        self, call: Call, query: TLObject, earlier: Sequence[Receipt | None], reply: "Reply"
    ) -> None:
        """Wait for what must come first, act, answer."""
        name = method_name(type(query))
        try:
            await wait_for_earlier(earlier)
            await self.act(call, query, reply)
        except RpcFault as fault:
            reply.refuse(fault)
        except AnswerLost:
            log.info("the answer of %s was lost on cue", name)
            return
        except ConnectionCut:
            log.info("the connection was cut on cue at %s", name)
            reply.line.cut()
            return
        except Exception:  # the task's boundary: one bad handler must not stop the server
            self.crashed[name] += 1
            log.exception("the handler of %s failed", name)
            reply.refuse(RpcFault(BAD_REQUEST, f"HANDLER_FAILED: {name}"))
        finally:
            reply.receipt.task = None
        reply.send()

    async def act(self, call: Call, query: TLObject, reply: "Reply") -> None:
        """Run the method between its interceptors."""
        for each in self.interceptors:
            await each.before(call, query)
        try:
            reply.keep(await self.methods.answer(call, query))
        except RpcFault as fault:
            reply.refuse(fault)
        for each in self.interceptors:
            await each.after(call, query)

    async def stop(self, grace: float) -> None:
        """Let running handlers finish for `grace` seconds, then cancel them."""
        if self.tasks:
            _, late = await asyncio.wait(self.tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class Reply:
    """Where one request's answer goes."""

    def __init__(self, session: Session, receipt: Receipt, line: Line) -> None:
        self.session, self.receipt, self.line = session, receipt, line

    def keep(self, result: bytes) -> None:
        """Remember the result, so that a repeated request can be answered too."""
        self.receipt.result = pack_body(result)

    def refuse(self, fault: RpcFault) -> None:
        """Remember that the answer is an error."""
        self.receipt.failed = True
        self.keep(bytes(RpcError(fault.code, fault.message)))

    def send(self) -> None:
        """Send what was kept, over whichever connection the session has now."""
        self.session.deliver(self.receipt)


def note_wrappers(session: Session, wrapped: Wrapped) -> None:
    """Keep what the wrappers say about the session for the requests that come without them.

    A client says initConnection once per start; after a reconnect its new session takes updates
    from its first request on, as long as that is not wrapped in invokeWithoutUpdates.
    """
    if wrapped.layer is not None:
        session.layer = wrapped.layer
    if not wrapped.without_updates:
        session.takes_updates = True


async def wait_for_earlier(earlier: Sequence[Receipt | None]) -> None:
    """Hold a request back until those that it named are done; refuse it if one failed."""
    for receipt in earlier:
        if receipt is None:
            raise WAIT_FAILED
        if receipt.task is not None:
            await asyncio.wait([receipt.task])
        if receipt.failed:
            raise WAIT_FAILED
