"""The one form in which a script is stored, compared and hashed."""

import hashlib
import json

from personas.problems import parse
from personas.scripts.model import Script


def canonical_json(script: Script) -> bytes:
    """Return the script as UTF-8 JSON: keys sorted, no spaces, defaults left out.

    Equal scripts give equal bytes, and bytes read back give the same bytes again. Defaults are
    left out so that a later field does not change the hash of earlier versions.
    """
    content = script.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def sha256_of(script: Script) -> str:
    """Return the hash of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_json(script)).hexdigest()


def read_canonical(content: bytes | str) -> Script:
    """Read what `canonical_json` wrote; raises InvalidDocument."""
    return parse(Script, json.loads(content))
