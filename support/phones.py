"""Phone numbers: read as people type them, kept as E.164."""

from dataclasses import dataclass

import phonenumbers

HINT_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Phone:
    """A possible and valid number."""

    e164: str
    """"+79991234567", by ITU-T E.164."""

    @property
    def hint(self) -> str:
        """Return the last digits, by which people recognise a number."""
        return self.e164[-HINT_DIGITS:]

    def __repr__(self) -> str:
        """Show no more than the hint, so that no log tells the number."""
        return f"Phone(…{self.hint})"


def read_phone(typed: str, region: str = "RU") -> Phone | None:
    """Read a number as somebody typed it or Telegram sent it; None when it is none.

    `region` is the country of numbers without a country code (ISO 3166-1 alpha-2). Contacts that
    Telegram sends carry no plus, so digits that are no number there are tried with one.
    """
    for written in (typed, f"+{typed}"):
        try:
            number = phonenumbers.parse(written[:64], region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            form = phonenumbers.PhoneNumberFormat.E164
            return Phone(phonenumbers.format_number(number, form))
    return None
