"""Two control runs: a rule is broken on purpose, and the judge must notice."""

from simulator.mtproto.faults import Fault, FaultKind
from tests.chaos.rig import Rig, until
from tests.chaos.trap import Sabotage
from tests.chaos.verdict import Verdict, judge

PATIENCE = 60.0


async def without_leases(trial: Rig) -> Verdict:
    """Run two nodes that both believe to hold every account."""
    await trial.populate(3, posts=1)
    await trial.books.fill_outbox(30)
    for number in (1, 2):
        await trial.start_node(
            f"greedy-{number}", f"127.0.0.{number + 1}", sabotage=Sabotage.NO_LEASES
        )

    async def noticed() -> bool:
        return (await trial.evidence()).double_held > 0

    await until(noticed, PATIENCE)
    await trial.kill_all()
    return judge(await trial.books.outbox(), await trial.evidence())


async def with_fresh_random_ids(trial: Rig) -> Verdict:
    """Run a node that draws a new random_id at each attempt, and lose some answers."""
    await trial.populate(3, posts=1)
    await trial.books.fill_outbox(15)
    await trial.telegram.call(
        "order", Fault("messages.SendMessage", FaultKind.LOST_ANSWER, times=3)
    )
    await trial.start_node("forgetful", "127.0.0.2", sabotage=Sabotage.FRESH_RANDOM_IDS)
    await trial.until_settled(PATIENCE)
    await trial.kill_all()
    return judge(await trial.books.outbox(), await trial.evidence())
