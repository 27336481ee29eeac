"""Connections to Redis or Valkey, for all that Troupe keeps there."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected

from orchestrator.errors import BadInput

CONNECTIONS = 16
PATIENCE = 1.0
"""Seconds for an answer or a connection: Redis takes a millisecond, a busy machine some more."""
QUEUEING = 3.0
"""Seconds to wait for one of the connections."""


def open_redis(redis_url: str) -> Redis:
    """Make a client whose calls never hang; raises BadInput for a URL that is none."""
    try:
        pool = BlockingConnectionPool.from_url(
            redis_url,
            max_connections=CONNECTIONS,
            timeout=QUEUEING,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # What broke while it lay idle is replaced; for a silent server nobody waits twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
            decode_responses=True,
        )
    except ValueError as error:
        raise BadInput(f"REDIS_URL cannot be used: {error}") from None
    return Redis.from_pool(pool)
