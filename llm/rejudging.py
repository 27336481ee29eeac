"""Asking again who judged a message once: the same selector, from the shelf or taught again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm.classroom import Classroom
from llm.interpreter import BY_RULES, LocalInterpreter
from llm.overhearing import BY_EXAMPLES
from llm.readings import Untaught
from llm.schooling import School
from llm.tutor import Tutor
from orchestrator.ports.interpreting import Message, Opinion
from personas.scripts.model import Script

if TYPE_CHECKING:
    from llm.script_selector import ScriptSelector


@dataclass(frozen=True, slots=True)
class Rejudging:
    """Implements the port Rejudge."""

    tutor: Tutor

    async def judge_again(self, judge: str, message: Message) -> Opinion | None:
        """Interpret with that very judge; None where its selector cannot be had any more."""
        found: ScriptSelector | None = None

        async def find(scripts: Sequence[Script]) -> "ScriptSelector":
            nonlocal found
            found = await self.tutor.find(judge, scripts)
            if found is None:
                raise Untaught(f"there is no selector {judge}")
            return found

        is_plain = judge in {BY_RULES, BY_EXAMPLES}
        school = School(nobody if is_plain else find)
        opinion = await LocalInterpreter(Classroom(school), patience=None).interpret(message)
        return opinion if is_plain or found is not None else None


async def nobody(scripts: Sequence[Script]) -> "ScriptSelector":
    """Train nothing."""
    raise Untaught(f"nothing was trained on {len(scripts)} scripts")
