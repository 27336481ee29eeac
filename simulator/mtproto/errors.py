"""What the wire refuses, as one tree."""


class WireError(Exception):
    """A peer broke the protocol; its connection ends and the server goes on."""


class BadFrame(WireError):
    """The bytes on the socket are no frame of any transport that we speak."""


class HandshakeRefused(WireError):
    """A step of the key exchange does not follow from the one before it."""


class UnknownKey(WireError):
    """The packet names an auth key that was never made here, or was destroyed."""


class TamperedPacket(WireError):
    """The packet does not decrypt to what its message key promises."""


class MalformedMessage(WireError):
    """The decrypted bytes are no TL object of our layer."""


class UnknownConstructor(MalformedMessage):
    """The object is of a constructor that our layer does not have."""

    def __init__(self, constructor: int) -> None:
        super().__init__(f"constructor {constructor:#010x} is not in this layer")
        self.constructor = constructor
