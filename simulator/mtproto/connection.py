"""One TCP connection, from its first byte to its end."""

import asyncio
import logging
import struct

from simulator.mtproto.errors import UnknownKey, WireError
from simulator.mtproto.framing import ByteSource, Framing
from simulator.mtproto.handshake import Handshake
from simulator.mtproto.numbering import Numbering
from simulator.mtproto.reception import Reception
from simulator.mtproto.transport import detect_framing

log = logging.getLogger(__name__)

KEY_UNKNOWN = -404
KEY_ID_BYTES = 8
MAX_UNSENT = 16 * 1024 * 1024
GREETING_SECONDS = 60.0


class Connection:
    """Reads frames until the client leaves, errs, or is cut off."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        reception: Reception,
        handshake: Handshake,
    ) -> None:
        self.reader, self.writer = reader, writer
        self.reception, self.handshake = reception, handshake
        self.numbering = Numbering(handshake.clock)
        self.framing: Framing | None = None
        peer = writer.get_extra_info("peername") or ("?", 0)
        self.address, self.name = str(peer[0]), f"{peer[0]}:{peer[1]}"
        self.loop = asyncio.get_running_loop()
        self.greeting = self.loop.call_later(GREETING_SECONDS, self.cut)
        self.end: asyncio.TimerHandle | None = None

    async def serve(self) -> None:
        """Serve the client; every way of ending is logged and ends only this connection."""
        try:
            self.framing, source = await detect_framing(self.reader)
            await self.take_all(self.framing, source)
        except (asyncio.IncompleteReadError, ConnectionError):
            log.debug("%s left", self.name)
        except WireError as error:
            log.warning("%s was refused: %s", self.name, error)
        except Exception:  # the task's boundary: a fault of ours ends one connection only
            log.exception("serving %s failed", self.name)
        finally:
            self.hang_up()

    async def take_all(self, framing: Framing, source: ByteSource) -> None:
        """Take one payload after the other."""
        while True:
            payload = await framing.read(source)
            if len(payload) < KEY_ID_BYTES:
                raise WireError(f"a payload of {len(payload)} bytes holds no message")
            try:
                self.take(payload)
            except UnknownKey:
                self.send(struct.pack("<i", KEY_UNKNOWN))
                raise
            await self.writer.drain()

    def take(self, payload: bytes) -> None:
        """Tell by the key id whether a payload belongs to a key exchange."""
        if any(payload[:KEY_ID_BYTES]):
            self.reception.take_sealed(payload, self)
            self.greeting.cancel()
        else:
            self.send(self.reception.take_plain(payload, self.handshake, self.numbering))

    def send(self, packet: bytes) -> None:
        """Send a packet; a client that does not read what it is sent is cut off."""
        if self.framing is None or self.writer.is_closing():
            return
        self.writer.write(self.framing.frame(packet))
        if self.writer.transport.get_write_buffer_size() > MAX_UNSENT:
            log.warning("%s does not read what it is sent", self.name)
            self.cut()

    def end_after(self, seconds: float) -> None:
        """End the connection in `seconds`, in place of an earlier such term."""
        if self.end is not None:
            self.end.cancel()
        self.end = self.loop.call_later(seconds, self.cut)

    def cut(self) -> None:
        """End the connection at once; what it was about to send is lost."""
        self.writer.transport.abort()

    def close(self) -> None:
        """End the connection once the answers that are being written now are out."""
        self.loop.call_soon(self.writer.close)

    def hang_up(self) -> None:
        """Leave nothing behind in the switchboard or on the loop."""
        self.greeting.cancel()
        if self.end is not None:
            self.end.cancel()
        self.reception.book.hang_up(self)
        self.writer.close()
