"""The model that the settings name, put together."""

from cli.settings import Settings
from llm.group_talk import ModelGroupTalk
from llm.interpreter import LocalInterpreter
from llm.model.client import ModelAddress, ModelClient
from llm.model.meter import MeteredModel, Prices
from llm.model.patience import Patience
from llm.model_interpreter import ModelInterpreter
from llm.model_writer import ModelWriter
from llm.script_writer import ScriptWriter
from orchestrator.clock import Clock
from orchestrator.errors import BadInput
from orchestrator.ports.group_talk import GroupTalk
from orchestrator.ports.interpreting import Interpreter
from orchestrator.ports.models import Allowance, Budget
from orchestrator.ports.writing import Writer
from orchestrator.stage import Stage


def model_client(settings: Settings, clock: Clock) -> ModelClient:
    """Make the client; raises BadInput when the settings cannot work."""
    if settings.llm_model is None:
        raise BadInput("LLM_MODEL is not set")
    if settings.openai_base_url is None and settings.openai_api_key is None:
        raise BadInput(
            "LLM_MODEL is set, but not where it is: set OPENAI_BASE_URL, or OPENAI_API_KEY "
            "for OpenAI's own server"
        )
    return ModelClient(
        ModelAddress(settings.llm_model, settings.openai_base_url, settings.openai_api_key),
        patience=Patience(attempt=settings.llm_timeout, total=3 * settings.llm_timeout),
        at_once=settings.llm_at_once,
        clock=clock,
    )


def model_writer(
    settings: Settings, stage: Stage, client: ModelClient, local: ScriptWriter
) -> Writer:
    """Make the writer that asks that client as long as the budget lasts."""
    return ModelWriter(
        local,
        MeteredModel(
            client=client,
            calls=stage.stores.model_calls,
            operations=stage.operations,
            clock=stage.clock,
            budget=budget_of(settings),
            prices=prices_of(settings),
        ),
    )


def model_interpreter(local: LocalInterpreter, writer: Writer) -> Interpreter:
    """Make the interpreter that asks the same model as that writer, out of the same budget."""
    return ModelInterpreter(local, writer.model) if isinstance(writer, ModelWriter) else local


def model_group_talk(writer: Writer) -> GroupTalk | None:
    """Make who drafts answers in study groups with the same model, out of the same budget."""
    return ModelGroupTalk(writer) if isinstance(writer, ModelWriter) else None


def prices_of(settings: Settings) -> Prices:
    """Read the prices; cached tokens cost what others do unless it is said."""
    prompt, cached = settings.llm_usd_per_million_prompt, settings.llm_usd_per_million_cached
    return Prices(
        prompt=prompt,
        cached=prompt if cached is None else cached,
        completion=settings.llm_usd_per_million_completion,
    )


def budget_of(settings: Settings) -> Budget:
    """Read the budgets; raises BadInput for one in money where nothing has a price."""
    in_money = settings.llm_usd_per_day is not None or settings.llm_usd_per_campaign is not None
    prices = prices_of(settings)
    if in_money and not (prices.prompt and prices.completion):
        raise BadInput(
            "A budget in US dollars needs prices: set LLM_USD_PER_MILLION_PROMPT and "
            "LLM_USD_PER_MILLION_COMPLETION"
        )
    return Budget(
        day=Allowance(settings.llm_tokens_per_day, settings.llm_usd_per_day),
        campaign=Allowance(settings.llm_tokens_per_campaign, settings.llm_usd_per_campaign),
    )
