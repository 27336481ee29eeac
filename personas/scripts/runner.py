"""Leads a conversation along a script: a pure machine from one message to what is said to it.

It moves only when a message comes, says at most `limits.parts` messages then, and goes only where
the script says. The same script, progress, message and seed give the same turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from personas.dice import pick
from personas.scripts.condition_parser import parse_condition
from personas.scripts.conditions import Value, holds, written
from personas.scripts.diagnostics import SCORE, score_of
from personas.scripts.hearing import hear, hear_phrase, mentions_any
from personas.scripts.model import Script
from personas.scripts.parts import PLACEHOLDER, PLACEHOLDERS, Part
from personas.scripts.steps import CLOSE, HANDOFF, STAY, Objection, Outcome, Step, StopRule
from personas.scripts.variables import Variable, accept, read_answer
from personas.texts import stems


class Progress(Part):
    """Where a conversation stands; it is stored between messages (`model_dump_json`)."""

    outcome: Outcome = Outcome.WAITING
    step: str | None = None
    """The step whose answer is awaited; None before the first message."""
    slots: dict[str, Annotated[bool | int | float | str, Field(union_mode="smart")]] = Field(
        default_factory=dict
    )
    turns: int = 0
    misses: int = 0
    """Answers in a row that led nowhere."""
    heard: str = ""
    """The trigger or objection recognised last."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A person's message, with what a scorer or a model found in it; both are checked again."""

    text: str
    heard: str | None = None
    """The trigger or objection; empty: somebody looked and found none; None: nobody looked."""
    slots: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What follows from one message."""

    progress: Progress
    says: tuple[str, ...]
    """Messages to send in this order; `{persona}` and `{disclosure}` are the voice's to fill."""
    reason: str
    """Why it went this way, for whoever asks."""
    hint: str = ""
    """What the present step is after, for free talk."""
    variants: tuple[int, ...] = ()
    """How many variants there were for each message."""


def advance(script: Script, progress: Progress, incoming: Incoming, seed: int = 0) -> Turn:
    """Answer one message. A conversation that has ended, or has no steps, stays as it is."""
    if progress.outcome is not Outcome.WAITING:
        return Turn(progress, (), f"the conversation is over: {progress.outcome}")
    return Moves(script.as_conversation, progress, incoming, seed).answer()


@dataclass(slots=True)
class Moves:
    """One turn while it is made."""

    script: Script
    progress: Progress
    incoming: Incoming
    seed: int
    says: list[str] = field(default_factory=list)
    variants: list[int] = field(default_factory=list)

    def answer(self) -> Turn:
        """Take the rules in their order: limits, stop rules, a wish for a person, the steps."""
        self.listen()
        if ended := self.interrupted(stems(self.incoming.text)):
            return ended
        if self.step is None:
            return self.begin()
        if objection := self.objection():
            return self.meet(objection)
        return self.take_answer(self.step)

    def interrupted(self, said: tuple[str, ...]) -> Turn | None:
        """Return the turn that ends the conversation whatever the step, or None."""
        if self.progress.turns > self.script.limits.turns:
            return self.go(HANDOFF, f"more than {self.script.limits.turns} turns")
        if rule := self.stopped_by(said):
            return self.stop(rule)
        if self.script.handoff and mentions_any(said, self.script.handoff.phrases):
            return self.go(HANDOFF, "the client asks for a person")
        return None if self.script.steps else self.go(HANDOFF, "the script has no steps")

    def listen(self) -> None:
        """Count the turn, and take in what was recognised."""
        known = self.incoming.heard
        if known is None:
            known = hear(self.script, self.incoming.text)
        elif known not in self.script.heard:
            known = hear_phrase(self.script, self.incoming.text)
        slots = dict(self.progress.slots)
        for variable in self.script.variables:
            value = accept(variable, self.incoming.slots.get(variable.key))
            if value is not None:
                slots[variable.key] = value
        self.update(turns=self.progress.turns + 1, heard=known or "", slots=slots)

    @property
    def step(self) -> Step | None:
        """Return the step whose answer this is; None also when the script lost it."""
        return self.step_named(self.progress.step)

    def begin(self) -> Turn:
        """Go to the step of the trigger, or to the first; an objection may come first too."""
        if objection := self.objection():
            self.say(objection.say, f"objection:{objection.key}")
            if objection.then != STAY:
                return self.go(objection.then, f"objection {objection.key}")
        trigger = next(
            (one for one in self.script.triggers if one.key == self.progress.heard), None
        )
        start = self.script.steps[0].key
        if trigger is None:
            return self.go(start, "the conversation begins")
        return self.go(trigger.step or start, f"begun by the trigger {trigger.key}")

    def stopped_by(self, said: tuple[str, ...]) -> StopRule | None:
        """Return the first stop rule that applies."""
        return next(
            (
                rule
                for rule in self.script.stop
                if mentions_any(said, rule.phrases) or (rule.when and self.is_so(rule.when))
            ),
            None,
        )

    def stop(self, rule: StopRule) -> Turn:
        """End at once."""
        if rule.say:
            self.say(rule.say, f"stop:{rule.key}")
        self.update(outcome=Outcome.STOPPED)
        return self.turn(f"stop rule {rule.key}")

    def objection(self) -> Objection | None:
        """Return the objection that was heard."""
        found = (one for one in self.script.objections if one.key == self.progress.heard)
        return next(found, None)

    def meet(self, objection: Objection) -> Turn:
        """Answer an objection; the conversation then waits where it was, or goes on elsewhere."""
        self.say(objection.say, f"objection:{objection.key}")
        reason = f"objection {objection.key}"
        return self.turn(reason) if objection.then == STAY else self.go(objection.then, reason)

    def take_answer(self, step: Step) -> Turn:
        """Fill the step's slot, then follow its branches."""
        if step.collect is not None and not self.fill(step.collect.variable):
            if self.missed() >= step.collect.attempts:
                return self.go(step.collect.otherwise, f"no answer to {step.key}")
            self.say(step.collect.refusals, f"refusal:{step.key}")
            return self.turn(f"not an answer to {step.key}")
        if rule := self.stopped_by(()):
            return self.stop(rule)
        target = self.branch_of(step)
        return self.fall_back(step) if target is None else self.go(target, f"after {step.key}")

    def fill(self, name: str) -> bool:
        """Take the slot's value from the model's findings or from the message itself."""
        variable = self.variable_named(name)
        if accept(variable, self.incoming.slots.get(name)) is not None:
            return True  # already taken in
        value = read_answer(variable, self.incoming.text)
        if value is not None:
            self.update(slots={**self.progress.slots, name: value})
        return value is not None

    def fall_back(self, step: Step) -> Turn:
        """Say that the answer leads nowhere, a few times, then go where the fallback says."""
        fallback = self.script.fallback
        if fallback is None:
            return self.go(HANDOFF, f"no way on from {step.key}")
        if self.missed() > fallback.attempts:
            return self.go(fallback.then, f"no way on from {step.key}")
        self.say(fallback.say, "fallback")
        return self.turn(f"no way on from {step.key} yet")

    def missed(self) -> int:
        """Count an answer that led nowhere."""
        self.update(misses=self.progress.misses + 1)
        return self.progress.misses

    def go(self, target: str, reason: str) -> Turn:
        """Enter steps until one waits or the conversation ends.

        The format refuses circles of steps that do not wait, so each step is entered at most once.
        """
        self.update(misses=0)
        while (step := self.step_named(target)) is not None:
            self.update(step=step.key)
            if step.say and not self.say(step.say, f"step:{step.key}"):
                return self.end(HANDOFF, f"{step.key} speaks of what is not known")
            if step.wait:
                return self.turn(reason)
            target = self.branch_of(step) or HANDOFF
        return self.end(target, reason)

    def end(self, target: str, reason: str) -> Turn:
        """Close, or hand over to a person."""
        if target == CLOSE:
            self.update(outcome=Outcome.CLOSED)
            return self.turn(reason)
        if self.script.handoff is not None:
            self.say(self.script.handoff.say, "handoff")
        self.update(outcome=Outcome.HANDOFF)
        return self.turn(reason)

    def branch_of(self, step: Step) -> str | None:
        """Return where the first branch leads whose condition holds."""
        return next((one.go for one in step.next if one.when is None or self.is_so(one.when)), None)

    def is_so(self, when: str) -> bool:
        """Whether a condition holds now."""
        return holds(parse_condition(when), self.values())

    def values(self) -> dict[str, Value]:
        """Return what conditions and texts may read."""
        values: dict[str, Value] = {
            one.key: one.default for one in self.script.variables if one.default is not None
        }
        return values | self.progress.slots | self.built_in()

    def built_in(self) -> dict[str, Value]:
        """Return what the machine itself knows."""
        known: dict[str, Value] = {"turns": self.progress.turns, "heard": self.progress.heard}
        if self.script.questions:
            known[SCORE] = score_of(self.script.questions, self.progress.slots)
        return known

    def say(self, texts: tuple[str, ...], salt: str) -> bool:
        """Say one of the variants that can be filled; False when there is none."""
        values = self.values()
        ready = [text for text in texts if unfilled(text, values) == frozenset()]
        if not ready:
            return False
        said = fill_in(pick(ready, self.seed, salt), values)
        self.says.append(said)
        self.variants.append(len(ready))
        return True

    def turn(self, reason: str) -> Turn:
        """Return what was made; the very first answer begins with the disclosure."""
        says = list(self.says)
        if self.progress.turns == 1 and self.script.disclosure and says:
            says[0] = f"{self.script.disclosure}\n\n{says[0]}"
        waiting = self.progress.outcome is Outcome.WAITING
        hint = self.step.hint if waiting and self.step is not None else ""
        return Turn(self.progress, tuple(says), reason, hint, tuple(self.variants))

    def update(self, **changes: object) -> None:
        """Move the progress on."""
        self.progress = self.progress.model_copy(update=changes)

    def step_named(self, key: str | None) -> Step | None:
        """Return the step, or None when there is none of that name."""
        return next((step for step in self.script.steps if step.key == key), None)

    def variable_named(self, key: str) -> Variable:
        """Return the variable, which the format makes sure of."""
        return next(one for one in self.script.variables if one.key == key)


def unfilled(text: str, values: Mapping[str, Value]) -> frozenset[str]:
    """Return the placeholders that neither a value nor the voice fills."""
    return frozenset(PLACEHOLDER.findall(text)) - PLACEHOLDERS - frozenset(values)


def fill_in(text: str, values: Mapping[str, Value]) -> str:
    """Put values in place of their placeholders, each once: what a value says stays as it is."""
    return PLACEHOLDER.sub(
        lambda hit: shown(values[hit[1]]) if hit[1] in values else hit.group(), text
    )


def shown(value: Value) -> str:
    """Write a value as a person reads it."""
    return value if isinstance(value, str) else written(value)
