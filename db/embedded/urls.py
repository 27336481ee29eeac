"""What the rest of Troupe is told about its servers: two URLs, and nothing of where they run."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, slots=True, repr=False)
class Servers:
    """The servers to use; both URLs hold passwords, so printing this shows neither.

    `database_url` is `postgresql://user:password@host:port/database`,
    `redis_url` is `redis://:password@host:port/0`.
    """

    database_url: str
    redis_url: str

    def __repr__(self) -> str:
        return f"Servers({without_secrets(self.database_url)}, {without_secrets(self.redis_url)})"

    def with_database(self, name: str) -> "Servers":
        """Return the same servers, pointing at another database."""
        return replace(self, database_url=with_database(self.database_url, name))


def without_secrets(url: str) -> str:
    """Return the scheme, host, port and path of a URL: what may be shown and logged."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def with_database(url: str, name: str) -> str:
    """Return a PostgreSQL URL that differs only in the database it names."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
