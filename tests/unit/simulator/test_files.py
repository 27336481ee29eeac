from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.files import LARGEST_PART, Files
from simulator.world.peers import UserId
from simulator.world.refusals import Refusal

OWNER, OTHER = UserId(1), UserId(2)


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=20), st.randoms())
def test_parts_come_together_in_order_however_they_arrive(
    parts: list[bytes], chance: Random
) -> None:
    files = Files()
    order = list(enumerate(parts))
    chance.shuffle(order)
    for number, part in order:
        files.save_part(OWNER, 5, number, part)
    assert files.assemble(OWNER, 5, len(parts)) == b"".join(parts)


def test_an_upload_belongs_to_whoever_began_it() -> None:
    files = Files()
    files.save_part(OWNER, 5, 0, b"mine")
    with pytest.raises(Refusal, match="FILE_PARTS_INVALID"):
        files.assemble(OTHER, 5, 1)
    assert files.assemble(OWNER, 5, 1) == b"mine"
    with pytest.raises(Refusal, match="FILE_PARTS_INVALID"):
        files.assemble(OWNER, 5, 1)


def test_a_missing_part_is_named() -> None:
    files = Files()
    for number in (0, 2):
        files.save_part(OWNER, 5, number, b"x")
    with pytest.raises(Refusal, match="FILE_PART_1_MISSING"):
        files.assemble(OWNER, 5, 2)


@pytest.mark.parametrize(
    ("number", "data", "word"),
    [
        (-1, b"x", "FILE_PART_INVALID"),
        (4000, b"x", "FILE_PART_INVALID"),
        (0, b"", "FILE_PART_EMPTY"),
        (0, bytes(LARGEST_PART + 1), "FILE_PART_TOO_BIG"),
    ],
)
def test_a_part_out_of_bounds_is_refused(number: int, data: bytes, word: str) -> None:
    files = Files()
    with pytest.raises(Refusal, match=word):
        files.save_part(OWNER, 5, number, data)
    assert not files.parts


def test_what_is_no_picture_is_not_kept_as_one() -> None:
    files = Files()
    for data in (b"", b"nothing", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        with pytest.raises(Refusal, match="IMAGE_PROCESS_FAILED"):
            files.add_picture(data)
    assert not files.by_id
