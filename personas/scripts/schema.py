"""The script format as JSON schema, for editors and for checks outside of Troupe."""

from typing import Any

from personas.scripts.model import Script

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema of one script as people write it, short forms included.

    It cannot tell whether names fit each other or a condition can be read; `validate` does.
    """
    return {"$schema": DIALECT, **Script.model_json_schema(mode="validation")}
