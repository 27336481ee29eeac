"""External servers go the same way as embedded ones."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis.asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from db.embedded import Servers, resolve_servers, running
from orchestrator.errors import BadInput
from tests.integration.embedded.trials import LINGER, query, servers_of


async def test_two_named_servers_start_nothing(servers: Servers, fresh_folder: Path) -> None:
    async with resolve_servers(servers.database_url, servers.redis_url, fresh_folder) as resolved:
        assert resolved == servers
        assert await running(fresh_folder) is None
        assert not any(fresh_folder.parent.iterdir())


async def test_only_the_server_that_is_missing_is_started(servers: Servers, folder: Path) -> None:
    async with resolve_servers(servers.database_url, None, folder, linger=LINGER) as resolved:
        assert resolved.database_url == servers.database_url
        assert {process.name() for process in servers_of(folder)} == {"valkey-server"}
    async with resolve_servers(None, servers.redis_url, folder, linger=LINGER) as resolved:
        assert resolved.redis_url == servers.redis_url
        assert await query(resolved.database_url, "select 1") == 1


async def test_valkey_behind_tls_is_used_with_its_password(
    servers: Servers, folder: Path, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    async with tls_before(servers.redis_url, certificate) as port:
        password = urlsplit(servers.redis_url).password
        url = f"rediss://:{password}@127.0.0.1:{port}/0?ssl_ca_certs={certificate}"
        async with resolve_servers(servers.database_url, url, folder) as resolved:
            async with redis.asyncio.Redis.from_url(resolved.redis_url) as client:
                assert await client.ping()
            assert str(password) not in repr(resolved)


@pytest.mark.parametrize(
    ("database_url", "redis_url"),
    [("mysql://root:hunter2@db/x", None), (None, "https://:hunter2@cache/0"), ("hunter2", None)],
)
async def test_a_url_of_another_kind_is_refused_without_repeating_it(
    folder: Path, database_url: str | None, redis_url: str | None
) -> None:
    with pytest.raises(BadInput, match="must begin with") as refusal:
        async with resolve_servers(database_url, redis_url, folder):
            pass
    assert "hunter2" not in str(refusal.value)


def self_signed(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def tls_before(redis_url: str, certificate: Path) -> AsyncIterator[int]:
    """Serve TLS on a port of loopback, passing everything on to the plain server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    target = urlsplit(redis_url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain_reader, plain_writer = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(pass_on(reader, plain_writer), pass_on(plain_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction until it ends."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
