"""What a person is told who ends a grant."""

import pytest

from cli.commands.grants import ended
from orchestrator.ids import GrantId
from orchestrator.ports.grants import Revocation


@pytest.mark.parametrize(
    ("cancelled", "withdrawn", "told"),
    [
        (0, 2, "0 waiting messages were cancelled, 2 drafts were withdrawn from review"),
        (1, 1, "1 waiting message was cancelled, 1 draft was withdrawn from review"),
    ],
)
def test_a_revoke_tells_of_withdrawn_drafts_too(cancelled: int, withdrawn: int, told: str) -> None:
    done = Revocation(GrantId(3), cancelled, withdrawn, ())
    assert ended(done) == f"grant 3 is revoked; {told}"
