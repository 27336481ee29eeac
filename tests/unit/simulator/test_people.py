import pytest

from simulator.world.peers import person_peer
from simulator.world.refusals import Refusal
from tests.unit.simulator.conftest import Village


def test_a_bio_holds_seventy_characters_and_no_more(village: Village) -> None:
    village.world.people.describe(village.anna, "я" * 70)
    with pytest.raises(Refusal, match="ABOUT_TOO_LONG"):
        village.world.people.describe(village.anna, "я" * 71)
    assert village.anna.bio == "я" * 70


def test_a_username_has_one_holder_whatever_its_case(village: Village) -> None:
    with pytest.raises(Refusal, match="USERNAME_OCCUPIED"):
        village.world.people.take_username(village.boris, "ANNA_P")
    assert village.world.usernames.find("@Anna_P") == person_peer(village.anna.id)


def test_a_username_that_was_given_up_is_free(village: Village) -> None:
    village.world.people.take_username(village.anna, "anna_new")
    village.world.people.take_username(village.boris, "anna_p")
    assert village.world.usernames.find("anna_p") == person_peer(village.boris.id)


@pytest.mark.parametrize("username", ["abcd", "1abcdef", "has space", "a" * 33, "трали"])
def test_a_username_in_the_wrong_form_is_refused(village: Village, username: str) -> None:
    with pytest.raises(Refusal, match="USERNAME_INVALID"):
        village.world.people.take_username(village.boris, username)


def test_two_people_never_share_a_number(village: Village) -> None:
    with pytest.raises(Refusal, match="PHONE_NUMBER_OCCUPIED"):
        village.world.add_person(f"+{village.anna.phone}", "Twin")


def test_an_access_hash_fits_one_viewer_only(village: Village) -> None:
    hashes, anna = village.world.hashes, person_peer(village.anna.id)
    known = hashes.of(village.boris.id, anna)
    assert hashes.fits(village.boris.id, anna, known)
    assert not hashes.fits(village.boss.id, anna, known)
    assert not hashes.fits(village.boris.id, anna, 0)
