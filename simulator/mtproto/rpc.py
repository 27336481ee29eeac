"""Running requests: each once, each as a task that the server owns."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from telethon.tl import TLObject
from telethon.tl.functions import InitConnectionRequest
from telethon.tl.types import RpcError

from simulator.mtproto.call import Call, RpcFault
from simulator.mtproto.dispatch import Methods, method_name
from simulator.mtproto.interception import AnswerLost, ConnectionCut, Interceptor
from simulator.mtproto.session import Receipt, Session, pack_body
from simulator.mtproto.sessions import Cuttable, SessionBook
from simulator.mtproto.wrappers import Wrapped

if TYPE_CHECKING:
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

    def start(self, session: Session, msg_id: int, wrapped: Wrapped, line: Cuttable) -> None:
        """Run a request that was not seen before; its answer goes to the session."""
        note_wrappers(session, wrapped)
        receipt = session.receipts[msg_id]
        earlier = [session.receipts.get(each) for each in wrapped.after]
        call = Call(self.world, self.book, session.key.id, session.id, line.address, session.layer)
        task = asyncio.get_running_loop().create_task(
            self.run(call, wrapped.query, earlier, Reply(session, receipt, line)),
            name=f"rpc:{method_name(type(wrapped.query))}:{msg_id}",
        )
        receipt.task = task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(
        self, call: Call, query: TLObject, earlier: Sequence[Receipt | None], reply: Reply
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

    async def act(self, call: Call, query: TLObject, reply: Reply) -> None:
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

    def __init__(self, session: Session, receipt: Receipt, line: Cuttable) -> None:
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
    """Keep what the wrappers say about the session for the requests that come without them."""
    if wrapped.layer is not None:
        session.layer = wrapped.layer
    if isinstance(wrapped.client, InitConnectionRequest):
        session.client = wrapped.client
        session.takes_updates = not wrapped.without_updates


async def wait_for_earlier(earlier: Sequence[Receipt | None]) -> None:
    """Hold a request back until those that it named are done; refuse it if one failed."""
    for receipt in earlier:
        if receipt is None:
            raise WAIT_FAILED
        if receipt.task is not None:
            await asyncio.wait([receipt.task])
        if receipt.failed:
            raise WAIT_FAILED
