"""What stands for the watchdog in tests that run a node inside the test's own process."""


class NoWatchdog:
    """Ends nobody; a test that wants a node to be killed starts one of its own."""

    def __init__(self) -> None:
        self.fed: list[float] = []
        self.awake = False

    async def start(self, until: float) -> None:
        self.fed.append(until)
        self.awake = True

    def feed(self, until: float) -> None:
        self.fed.append(until)

    def is_awake(self) -> bool:
        return self.awake

    async def stop(self) -> None:
        self.awake = False
