"""The model that the settings name."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.modelling import budget_of, model_client, prices_of
from cli.settings import Settings, load_settings
from orchestrator.clock import SystemClock
from orchestrator.errors import BadInput


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


async def test_a_server_of_ones_own_needs_no_key() -> None:
    found = settings(llm_model="qwen3", openai_base_url="http://127.0.0.1:11434/v1")
    client = model_client(found, SystemClock())
    assert (client.model, client.limit_name) == ("qwen3", "max_tokens")
    await client.close()


async def test_openais_own_server_needs_a_key() -> None:
    with pytest.raises(BadInput, match="OPENAI_BASE_URL"):
        model_client(settings(llm_model="gpt"), SystemClock())
    client = model_client(settings(llm_model="gpt", openai_api_key="sk-1"), SystemClock())
    assert client.limit_name == "max_completion_tokens"
    await client.close()


def test_a_budget_in_money_needs_prices() -> None:
    with pytest.raises(BadInput, match="LLM_USD_PER_MILLION_PROMPT"):
        budget_of(settings(llm_usd_per_day="5"))
    priced = settings(
        llm_usd_per_day="5", llm_usd_per_million_prompt="2", llm_usd_per_million_completion="8"
    )
    assert budget_of(priced).day.usd == Decimal(5)
    assert prices_of(priced).cached == Decimal(2)


def test_a_wrong_address_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:11434")
    with pytest.raises(BadInput, match="OPENAI_BASE_URL must begin with http"):
        load_settings()


def test_the_key_never_shows() -> None:
    assert "sk-1" not in repr(settings(openai_api_key="sk-1"))
