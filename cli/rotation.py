"""`troupe keys rotate`: a new key, and every secret written anew under it."""

from pathlib import Path

from cli.compose import Company, cipher_for
from cli.output import working
from db.encryption import Cipher
from db.keys import VARIABLE, Keyring, add_key, keep_keys
from db.rotation import reencrypt_all
from orchestrator.errors import NotAllowed
from orchestrator.service.nodes import NodeStanding


async def rotate_keys(company: Company, *, forget: bool) -> str:
    """Add a key, rewrite every secret, and say what was done; with `forget` drop the old keys."""
    if forget and any(
        node.standing is not NodeStanding.SILENT for node in await company.service.nodes.list()
    ):
        raise NotAllowed("a running node may still write with an old key: stop every node first")
    keyring = with_new_key(company.keyring)
    rewritten = await rewrite(company, cipher_for(company.settings, keyring))
    done = f"{rewritten} secrets are encrypted under the newest key of {keyring.origin}"
    if forget and is_file(keyring):
        keep_keys(Path(keyring.origin), (keyring.active,))
        return f"{done}; older keys are forgotten"
    return f"{done}; {kept_keys(keyring)}"


def with_new_key(keyring: Keyring) -> Keyring:
    """Draw a key where Troupe keeps them itself; elsewhere the newest given key is taken."""
    return add_key(Path(keyring.origin)) if is_file(keyring) else keyring


def is_file(keyring: Keyring) -> bool:
    """Tell whether the keys are in a file of Troupe's own."""
    return Path(keyring.origin).is_absolute()


def kept_keys(keyring: Keyring) -> str:
    """Say what a person may do next."""
    if is_file(keyring):
        return "older keys are kept for older backups (--forget drops them)"
    if len(keyring.keys) > 1:
        return "the older keys may be taken out when every node was started again"
    return (
        f"to bring a new key, put it before the present one, divided by a comma, where {VARIABLE} "
        "or the keyring is set, and run this again"
    )


async def rewrite(company: Company, cipher: Cipher) -> int:
    """Rewrite every secret that is under an older key; returns how many."""
    with working("Encrypting anew …"):
        return await reencrypt_all(company.engine, cipher)
