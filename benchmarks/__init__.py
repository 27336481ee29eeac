"""Programs that measure Troupe beside a peer, in one run; each prints one JSON object."""
