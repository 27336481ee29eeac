"""The only place where everything is put together.

Commands import this module when they run, not before: that keeps `troupe --help` quick.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.endpoint import Endpoint, Patience, Server
from cli.offstage import UnsetTelegram
from cli.schema import bring_schema
from cli.settings import SelectorKind, Settings
from cli.watchdog import WatchdogProcess
from db.cache import redis_cache
from db.embedded import Servers, resolve_servers
from db.encryption import Cipher
from db.engine import Engine, create_engine
from db.keys import Keyring, load_keyring
from db.notify import Notices
from db.pacing import redis_turns
from db.stores import postgres_stores
from db.stores.logs import PostgresSettings
from orchestrator.clock import Clock, SystemClock
from orchestrator.conversations.conductor import Conductor
from orchestrator.diary import WatchedTelegram
from orchestrator.drafting.decider import Decider
from orchestrator.errors import BadInput
from orchestrator.ids import NodeName
from orchestrator.intake.reception import Reception
from orchestrator.lanes.door import AccountDoor
from orchestrator.leases.tenure import Tenure
from orchestrator.library.node_library import NodeLibrary
from orchestrator.library.numbers import Numbers
from orchestrator.operations import BatchedOperations
from orchestrator.outbox.feeder import Feeder
from orchestrator.pacing.book import TurnBook
from orchestrator.pacing.pacer import Asking, Pacer, asking
from orchestrator.pacing.shared import SharedPacer, living
from orchestrator.ports.group_talk import GroupTalk
from orchestrator.ports.interpreting import Interpreter
from orchestrator.ports.sessions import SessionStore
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import Telegram
from orchestrator.ports.watchdog import Watchdog
from orchestrator.ports.writing import Writer
from orchestrator.service.service import Service
from orchestrator.service.settings import SettingsDesk
from orchestrator.stage import Stage
from orchestrator.study_groups.duties import GroupDuties
from orchestrator.supervisor.duties import Duties
from orchestrator.supervisor.node import Node
from orchestrator.supervisor.upkeep import Upkeep
from orchestrator.supervisor.workers import Worker
from orchestrator.tuning import Tuning
from personas.scripts.model import ScriptKind

if TYPE_CHECKING:
    from llm.readings import Judge
    from llm.tutor import Tutor


@dataclass(frozen=True, slots=True)
class Company:
    """Everything, put together: what doors call, and what a node runs on."""

    settings: Settings
    servers: Servers
    engine: Engine
    keyring: Keyring
    notices: Notices
    stage: Stage
    operations: BatchedOperations
    door: AccountDoor
    service: Service
    judge: "Judge"
    """Who tells what posts and messages are about, for everybody here."""
    ending: AsyncExitStack
    """Closes what was opened on the way, when everything ends."""

    watchdog: Watchdog | None = None
    """What stands for the watchdog process, where no process of its own may be killed."""

    def node(self, name: str | None = None) -> Node:
        """Make a node; it does nothing before it runs."""
        from cli.calendar import ApsCalendar

        named = NodeName(name or self.settings.node_name or process_name())
        return Node(
            stage=self.stage,
            name=named,
            watchdog=self.watchdog or WatchdogProcess(named, self.stage.clock),
            calendar=ApsCalendar(self.stage.clock),
            worker=self.worker(named),
            version=version("troupe"),
        )

    def worker(self, node: NodeName) -> Worker:
        """Make what does the node's jobs."""
        stage = self.stage
        writer = make_writer(self.settings, stage, self.ending, self.judge)
        stage.library.add_reader(lambda shot: writer.learn(shot.published(ScriptKind.COMMENT)))
        conductor = Conductor(stage, make_interpreter(stage, writer, self.judge))
        duties = Duties(
            stage,
            Decider(stage, writer),
            conductor,
            Upkeep(stage, self.door),
            GroupDuties(stage, self.door, make_group_talk(writer)),
        )
        return Worker(node, stage.stores.jobs, stage.bell, stage.clock, stage.tuning, duties.do)

    @asynccontextmanager
    async def running_node(self, name: str | None = None) -> AsyncIterator[Node]:
        """Run a node beside the block; at its end, or when the node fails, both stop in order."""
        node = self.node(name)
        async with asyncio.TaskGroup() as group:
            group.create_task(node.run(), name=f"node:{node.name}")
            try:
                yield node
            finally:
                node.asked.set()


@asynccontextmanager
async def company(
    settings: Settings,
    *,
    tuning: Tuning | None = None,
    migrate: bool = False,
    watchdog: Watchdog | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Company]:
    """Start or find the servers, open every store, and take all of it down again in order.

    With `migrate` the schema is brought to the newest version; without, that is done only for the
    embedded server, and elsewhere an old schema raises NotAllowed. Only a rehearsal lives by
    another `clock` than the machine's.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(
            resolve_servers(settings.database_url, settings.redis_url, settings.home)
        )
        await bring_schema(servers.database_url, migrate=migrate or not settings.database_url)
        engine = create_engine(
            servers.database_url,
            pool_size=settings.db_pool_size,
            overflow=settings.db_max_overflow,
        )
        stack.push_async_callback(engine.dispose)
        keyring = await asyncio.to_thread(load_keyring, settings.encryption_key, settings.home)
        notices = await stack.enter_async_context(Notices(servers.database_url).run())
        desk = SettingsDesk(PostgresSettings(engine))
        numbers = Numbers(await desk.tuning(), desk.tuning) if tuning is None else Numbers(tuning)
        notices.add_listener(numbers.hear)
        tuning = numbers.now
        cache = await stack.enter_async_context(redis_cache(servers.redis_url))
        stores = postgres_stores(engine, cipher_for(settings, keyring), notices, tuning, cache)
        operations = await stack.enter_async_context(
            BatchedOperations(stores.logs, clock).running()
        )
        turns = await stack.enter_async_context(redis_turns(servers.redis_url))
        pacer = pacer_on(turns, stores, tuning, clock)
        stage = set_stage(
            settings, stores, notices, operations, pacer=pacer, numbers=numbers, clock=clock
        )
        await stack.enter_async_context(stage.feeder.running())
        door = AccountDoor(stage, NodeName(f"door-{process_name()}"))
        yield Company(
            settings=settings,
            servers=servers,
            engine=engine,
            keyring=keyring,
            notices=notices,
            stage=stage,
            operations=operations,
            door=door,
            service=Service.on(stage, door),
            judge=make_judge(settings, stack),
            ending=stack,
            watchdog=watchdog,
        )


def set_stage(
    settings: Settings,
    stores: Stores,
    notices: Notices,
    operations: BatchedOperations,
    *,
    pacer: Pacer,
    numbers: Numbers,
    clock: Clock,
) -> Stage:
    """Build what every live part works with."""
    tuning = numbers.now
    tenure = Tenure(clock)
    library = NodeLibrary(stores.labels)
    notices.add_listener(library.hear)
    return Stage(
        stores=stores,
        telegram=WatchedTelegram(
            telegram_for(settings, stores.sessions, tuning, tenure, asking(pacer)),
            operations,
            clock,
        ),
        pacer=pacer,
        bell=notices,
        clock=clock,
        operations=operations,
        numbers=numbers,
        tenure=tenure,
        feeder=Feeder(stores.outbox, notices, clock, tuning.poll),
        sink=Reception(stores.intake, stores.channels, stores.security).take,
        library=library,
    )


def pacer_on(turns: TurnBook, stores: Stores, tuning: Tuning, clock: Clock) -> Pacer:
    """Build what paces all nodes together; without the shared turns it counts who lives."""

    async def count_nodes() -> int:
        return living(await stores.leases.nodes(), tuning.lease)

    return SharedPacer(tuning, clock, turns, count_nodes)


def cipher_for(settings: Settings, keyring: Keyring) -> Cipher:
    """Build the cipher; it looks again for keys that were added while it works."""
    return Cipher(keyring, lambda: load_keyring(settings.encryption_key, settings.home))


def telegram_for(
    settings: Settings, sessions: SessionStore, tuning: Tuning, tenure: Tenure, pace: Asking
) -> Telegram:
    """Build the door to Telegram, or one that says what is missing when it is asked."""
    if settings.telegram_api_id is None or not settings.telegram_api_hash:
        return UnsetTelegram()
    from accounts.telegram import TelethonTelegram

    local = settings.telegram_local_address
    endpoint = Endpoint(
        api_id=settings.telegram_api_id,
        api_hash=settings.telegram_api_hash,
        server=server_named(settings),
        local_address=None if local is None else str(local),
    )
    return TelethonTelegram(
        endpoint, sessions, Patience(connect=tuning.start, answer=tuning.answer), tenure, pace
    )


def server_named(settings: Settings) -> Server | None:
    """Return the Telegram that the settings name, or None for the public one."""
    address = settings.telegram_address
    if address is None:
        return None
    key_file = settings.telegram_public_key_file
    key = None if key_file is None else read_public_key(key_file)
    return Server(*address, dc_id=settings.telegram_dc_id, public_key=key)


def read_public_key(path: Path) -> str:
    """Read a server's key; raises BadInput for what is no RSA key in PEM."""
    try:
        key = path.read_text(encoding="ascii")
    except OSError as error:
        told = f"TELEGRAM_PUBLIC_KEY_FILE: {path} cannot be read: {error.strerror}"
        raise BadInput(told) from None
    except UnicodeDecodeError:
        key = ""
    if "-----BEGIN RSA PUBLIC KEY-----" not in key:
        raise BadInput(
            f"TELEGRAM_PUBLIC_KEY_FILE: {path} is no RSA key: a PEM file begins with "
            "-----BEGIN RSA PUBLIC KEY-----"
        )
    return key


def make_judge(settings: Settings, ending: AsyncExitStack) -> "Judge":
    """Return who reads posts and messages; a process of its own closes with `ending`."""
    if settings.selector is SelectorKind.INLINE:
        from llm.classroom import Classroom

        return Classroom(make_tutor(settings).school())
    from llm.judge_process import JudgeProcess

    judge = JudgeProcess(models_of(settings), by_meaning=settings.selector is SelectorKind.MEANING)
    ending.push_async_callback(judge.close)
    return judge


def make_tutor(settings: Settings) -> "Tutor":
    """Return who teaches selectors, and keeps them in Troupe's home."""
    from llm.tutor import Tutor

    return Tutor(models_of(settings), by_meaning=settings.selector is SelectorKind.MEANING)


def models_of(settings: Settings) -> Path:
    """Return where selectors and the encoder are kept."""
    return settings.home / "models"


def make_writer(
    settings: Settings, stage: Stage, ending: AsyncExitStack, judge: "Judge | None" = None
) -> Writer:
    """Return whoever finds the words; connections to a model close with `ending`.

    Without a judge, what is on the shelf is used, or words are learnt for this one time.
    """
    from llm.classroom import Classroom
    from llm.script_writer import ScriptWriter

    local = ScriptWriter(judge or Classroom(make_tutor(settings).school(refines=False)))
    if settings.llm_model is None:
        return local
    from cli.modelling import model_client, model_writer

    client = model_client(settings, stage.clock)
    ending.push_async_callback(client.close)
    return model_writer(settings, stage, client, local)


def make_interpreter(stage: Stage, writer: Writer, judge: "Judge") -> Interpreter:
    """Return whoever tells what messages are about, with the same model as the writer, if any."""
    from llm.interpreter import LocalInterpreter
    from llm.script_writer import ScriptWriter

    local = LocalInterpreter(judge)
    interpreter: Interpreter = local
    if not isinstance(writer, ScriptWriter):
        from cli.modelling import model_interpreter

        interpreter = model_interpreter(local, writer)
    stage.library.add_reader(
        lambda shot: interpreter.learn(
            shot.published(ScriptKind.SALES) + shot.published(ScriptKind.DIAGNOSTIC)
        )
    )
    return interpreter


def make_group_talk(writer: Writer) -> GroupTalk | None:
    """Return who drafts answers in study groups: the writer's model, if it has one."""
    from llm.script_writer import ScriptWriter

    if isinstance(writer, ScriptWriter):
        return None
    from cli.modelling import model_group_talk

    return model_group_talk(writer)


def process_name() -> str:
    """Return a name that no other living process has."""
    return f"{socket.gethostname()}-{os.getpid()}"
