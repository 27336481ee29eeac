"""How a mistake on the command line is told: in our words, not in those of the library beneath."""

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from pydantic import ValidationError

DAY = "%Y-%m-%d"
DAYS = [DAY]
"""How options that name a day are written."""


class Commands(TyperGroup):
    """The root of all commands; what any of them is given passes through here."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer hides its contexts' own type
        """Run a command; a value that cannot be is told in a sentence of ours."""
        from pydantic import ValidationError

        try:
            return super().invoke(ctx)
        except typer.BadParameter as wrong:
            if isinstance(wrong.__cause__, ValidationError):
                wrong.message = sentence_about(wrong.__cause__)
            raise


def sentence_about(error: "ValidationError") -> str:
    """Say what a value must be."""
    from personas.problems import problems_of

    sentence = problems_of(error)[0].sentence
    return "must be a day like 2026-05-31" if DAY in sentence else sentence
