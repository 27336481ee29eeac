"""What a message is taken for while nothing is trained yet: likeness to examples, word by word."""

from collections.abc import Iterator, Sequence
from typing import Final

from llm.readings import Fit, Reading
from llm.small_talk import CHATTER, Intent, known_talk, language_heard, without_salutation
from orchestrator.ports.writing import PublishedScript
from personas.scripts.hearing import ALIKE_FROM
from personas.strategy import SCRIPT_FITS_ABOVE
from personas.texts import similarity, stems

BY_EXAMPLES: Final = "examples"
"""What is named as the judge."""


def overhear(scripts: Sequence[PublishedScript], text: str) -> Reading | None:
    """Return the trigger whose example the text is most like, as a selector would.

    It compares with every example, which takes a tenth of a second with ten thousand of them: off
    the loop.
    """
    said = without_salutation(text)
    alike, place, key = max(likenesses(scripts, text, said), default=(-1.0, 0, ""))
    if alike < 0:
        return None
    fit = Fit(place, key, fit_of(alike), said)
    kind = known_talk().get(stems(text), (None, CHATTER))[1]
    if kind in set(Intent) and fit.score <= SCRIPT_FITS_ABOVE:
        return Reading(fit, Intent(kind), 1.0)
    return Reading(fit)


def likenesses(
    scripts: Sequence[PublishedScript], text: str, said: str
) -> Iterator[tuple[float, int, str]]:
    """Yield how like the text is to each example in its language."""
    language = language_heard(text)
    for place, published in enumerate(scripts):
        if published.script.language != language:
            continue
        for trigger in published.script.triggers:
            for example in trigger.examples:
                yield similarity(said, example), place, trigger.key


def fit_of(likeness: float) -> float:
    """Return 0.7 for the least likeness that counts as the same, and 1 for the same words."""
    if likeness <= ALIKE_FROM:
        return SCRIPT_FITS_ABOVE * likeness / ALIKE_FROM
    beyond = (likeness - ALIKE_FROM) / (1 - ALIKE_FROM)
    return SCRIPT_FITS_ABOVE + (1 - SCRIPT_FITS_ABOVE) * beyond
