import pytest

from simulator.world.refusals import Refusal
from simulator.world.world import World
from tests.unit.simulator.conftest import Village

KEY = 42


def test_the_code_of_a_test_number_repeats_its_data_centre() -> None:
    assert World().logins.code_for("+99966 2 1234") == "22222"


def test_any_other_number_has_the_default_code() -> None:
    assert World().logins.code_for("+7 999 123-45-67") == "12345"


def test_one_code_can_be_set_for_all_numbers() -> None:
    world = World(login_code="77777")
    assert world.logins.code_for("9996621234") == "77777"
    assert world.logins.code_for("79991234567") == "77777"


@pytest.mark.parametrize("phone", ["", "12", "abc", "7999123456789012"])
def test_a_number_in_the_wrong_form_gets_no_code(phone: str) -> None:
    with pytest.raises(Refusal, match="PHONE_NUMBER_INVALID"):
        World().logins.send_code(phone)


def test_a_code_signs_in_whoever_has_the_number(village: Village) -> None:
    logins = village.world.logins
    sent = logins.send_code(village.anna.phone)
    assert logins.sign_in(KEY, village.anna.phone, sent, "12345", "127.0.0.1") is village.anna
    assert logins.user_of(KEY) == village.anna.id


@pytest.mark.parametrize(("code", "word"), [("54321", "PHONE_CODE_INVALID"), ("", "CODE_EMPTY")])
def test_a_wrong_code_signs_nobody_in(village: Village, code: str, word: str) -> None:
    logins = village.world.logins
    sent = logins.send_code(village.anna.phone)
    with pytest.raises(Refusal, match=word):
        logins.sign_in(KEY, village.anna.phone, sent, code, "")
    assert logins.user_of(KEY) is None


def test_a_code_works_once(village: Village) -> None:
    logins = village.world.logins
    sent = logins.send_code(village.anna.phone)
    logins.sign_in(KEY, village.anna.phone, sent, "12345", "")
    with pytest.raises(Refusal, match="PHONE_CODE_EXPIRED"):
        logins.sign_in(KEY + 1, village.anna.phone, sent, "12345", "")


def test_a_new_number_signs_up_after_its_code() -> None:
    world = World()
    sent = world.logins.send_code("9996631234")
    with pytest.raises(Refusal, match="PHONE_CODE_INVALID"):
        world.logins.sign_up(KEY, "9996631234", sent, ("New", ""), "")
    assert world.logins.sign_in(KEY, "9996631234", sent, "33333", "") is None
    person = world.logins.sign_up(KEY, "9996631234", sent, ("New", "Comer"), "")
    assert person.name == "New Comer"
    assert world.logins.user_of(KEY) == person.id


def test_an_ended_login_speaks_for_nobody(village: Village) -> None:
    logins = village.world.logins
    logins.admit(KEY, village.anna)
    logins.end(KEY)
    assert logins.user_of(KEY) is None
    assert logins.keys_of(village.anna.id) == ()
