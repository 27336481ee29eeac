"""How Python looks for cyclic garbage in a process that runs for long."""

import gc

NEW_OBJECTS = 10_000
"""Objects after which the youngest are looked through; Python's own 700 is a few messages."""


def spare_what_stays() -> None:
    """Have the collector never again look at what exists now: modules, classes, models.

    Called once, when everything is put together. The classes of the Bot API and of Telegram are
    hundreds of thousands of objects, and looking through them took a fifth of the time that a
    relayed message costs (`python -m benchmarks.bench_desk`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
