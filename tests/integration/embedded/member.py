"""A Troupe process in miniature: joins the servers of a folder, says so, waits to be killed."""

import asyncio
import json
import sys
from pathlib import Path

from db.embedded import embedded_servers, running


async def main(folder: Path, linger: float) -> None:
    async with embedded_servers(folder, linger=linger) as servers:
        status = await running(folder)
        assert status is not None
        line = {
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "supervisor": status.supervisor_pid,
        }
        print(json.dumps(line), flush=True)  # noqa: T201 - the test reads it
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
