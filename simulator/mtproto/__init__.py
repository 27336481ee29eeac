"""The wire: MTProto 2.0 over TCP."""
