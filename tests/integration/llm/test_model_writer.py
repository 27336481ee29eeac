"""When a model is asked, what its answer counts for, and how things go on without it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from llm.model.meter import Prices
from llm.prompts import load_prompt
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.models import BudgetScope, Overdrawn
from orchestrator.ports.writing import Line, Source
from personas.scripts.model import Script
from personas.silence import Silence, SilenceReason
from personas.strategy import Strategy
from personas.summary import ContentType, SummarySource, summarise
from tests.support import model_server as deeds
from tests.support.model_house import ANNA, COFFEE, brief_about, house
from tests.support.model_server import ModelServer

POST = "What really matters when you make coffee?"
GOOD = "Freshly ground beans really do make the biggest difference to a cup at home."
SAYS_GOOD = {"script_fit_score": 0.9, "script": "coffee", "trigger": "brewing", "text": GOOD}


def silence(outcome: Line | Silence) -> SilenceReason:
    assert isinstance(outcome, Silence), outcome.text
    return outcome.reason


async def test_a_line_of_a_model_tells_all_that_explains_it() -> None:
    server = ModelServer(deeds.says_json(SAYS_GOOD))
    prices = Prices(Decimal(2), Decimal(1), Decimal(10))
    async with server.running(), house(server, "brewing", prices=prices) as home:
        line = await home.writer.write(brief_about(POST, COFFEE))
    assert isinstance(line, Line)
    assert (line.text, line.source, line.model) == (GOOD, Source.MODEL, "test")
    assert (line.strategy, line.fit, line.trigger) == (Strategy.SCRIPT_80, 0.9, "brewing")
    assert line.prompt_hash == load_prompt("comment", 2).sha256
    assert line.cost_usd == Decimal("0.00032")  # 20 fresh, 80 cached, 20 answered
    assert len(server.requests) == 1
    [call], [end] = home.calls.made, home.calls.ends
    assert (call.prompt, call.prompt_version, call.campaign) == ("comment", 2, 5)
    assert call.tokens > end.tokens == 120
    assert (end.outcome, end.cached_tokens, end.usd) == ("answered", 80, line.cost_usd)


async def test_the_call_that_finds_the_words_sums_the_post_up_too() -> None:
    told = {"main_idea": "Coffee\u200b needs care", "keywords": ["coffee", "care"] * 9}
    server = ModelServer(deeds.says_json({**SAYS_GOOD, **told, "content_type": "Question"}))
    brief = replace(brief_about(POST, COFFEE), summary=summarise(POST))
    async with server.running(), house(server, "brewing") as home:
        line = await home.writer.write(brief)
    assert isinstance(line, Line)
    assert line.summary is not None
    assert line.summary.main_idea == "Coffee needs care"
    assert (len(line.summary.keywords), line.summary.content_type) == (8, ContentType.QUESTION)
    assert line.summary.source is SummarySource.MODEL
    asked = server.requests[0]["messages"][-1]["content"]
    assert f'"main_idea": "{POST}"' in asked, "what was extracted is told as data"


@pytest.mark.parametrize(("score", "spoken"), [(0.99, True), (0.1, False)])
async def test_where_the_selector_is_sure_no_model_is_asked(score: float, spoken: bool) -> None:
    server = ModelServer(deeds.says_json(SAYS_GOOD))
    async with server.running(), house(server, "brewing", score=score) as home:
        outcome = await home.writer.write(brief_about(POST, COFFEE))
    assert isinstance(outcome, Line) is spoken
    assert server.requests == []
    assert home.calls.made == []


async def test_a_script_that_was_just_said_is_put_in_other_words_by_the_model() -> None:
    server = ModelServer(deeds.says_json({**SAYS_GOOD, "text": ""}))
    said = tuple(item.text for item in COFFEE.triggers[0].responses)
    async with server.running(), house(server, "brewing", score=0.99) as home:
        outcome = await home.writer.write(brief_about(POST, COFFEE, recent=said))
    assert silence(outcome) is SilenceReason.MODEL_DECLINED
    assert len(server.requests) == 1


async def test_a_missing_score_counts_as_a_half_and_a_half_is_no_script() -> None:
    answer = {key: value for key, value in SAYS_GOOD.items() if key != "script_fit_score"}
    server = ModelServer(deeds.says_json(answer))
    async with server.running(), house(server, "brewing") as home:
        outcome = await home.writer.write(brief_about(POST, COFFEE))
    assert silence(outcome) is SilenceReason.NO_SCRIPT_FITS
    assert isinstance(outcome, Silence)
    assert "0.50" in outcome.detail


async def test_free_talk_needs_leave() -> None:
    talk = {**SAYS_GOOD, "script_fit_score": 0.2, "text": "A good cup at home makes the morning."}
    post = "Rainy morning, the kitchen smells wonderful."
    server = ModelServer(deeds.says_json(talk))
    async with server.running(), house(server, "brewing") as home:
        held = await home.writer.write(brief_about(post, COFFEE))
        freed = await home.writer.write(brief_about(post, COFFEE, free_talk=True))
    assert silence(held) is SilenceReason.NO_SCRIPT_FITS
    assert isinstance(freed, Line)
    assert freed.strategy is Strategy.FREE_20


async def test_a_trigger_that_the_model_made_up_gives_way_to_the_local_one() -> None:
    server = ModelServer(deeds.says_json({**SAYS_GOOD, "script": "nonsense", "trigger": "x"}))
    async with server.running(), house(server, "brewing") as home:
        line = await home.writer.write(brief_about(POST, COFFEE))
    assert isinstance(line, Line)
    assert line.trigger == "brewing"


@pytest.mark.parametrize("deed", [deeds.refuses(), deeds.status(401), deeds.says("nonsense")])
async def test_without_an_answer_the_writer_goes_on_alone(deed: Any) -> None:
    server = ModelServer(deed)
    async with server.running(), house(server, "brewing") as home:
        outcome = await home.writer.write(brief_about(POST, COFFEE))
    assert silence(outcome) is SilenceReason.MODEL_UNAVAILABLE
    assert home.calls.ends[0].outcome in {"refused", "rejected", "bad_answer"}


@pytest.mark.parametrize("first", [True, False])
async def test_a_spent_budget_asks_nobody_and_is_told_once(first: bool) -> None:
    server = ModelServer(deeds.says_json(SAYS_GOOD))
    async with server.running(), house(server, "brewing", score=0.75) as home:
        home.calls.spent = Overdrawn(BudgetScope.CAMPAIGN, first)
        outcome = await home.writer.write(brief_about(POST, COFFEE))
    assert isinstance(outcome, Line)
    assert outcome.source is Source.LOCAL
    assert server.requests == []
    told = [entry for entry in home.notes.entries if isinstance(entry, Operation)]
    assert [entry.kind for entry in told] == [OperationKind.ASK_MODEL] * first
    assert all(entry.error_name == "BUDGET_SPENT" for entry in told)


async def test_a_request_whose_count_never_came_is_taken_for_the_dearest() -> None:
    server = ModelServer(deeds.cut())
    async with server.running(), house(server, "brewing") as home:
        await home.writer.write(brief_about(POST, COFFEE))
    [call], [end] = home.calls.made, home.calls.ends
    assert end.requests == 3
    assert end.tokens == call.tokens // 2 * 3
    assert end.duration > timedelta()


async def test_what_does_not_change_comes_first_and_the_post_is_fenced_anew_each_time() -> None:
    hidden = "Tea\u2060 or coffee\U000e0041?"
    server = ModelServer(deeds.says_json(SAYS_GOOD))
    async with server.running(), house(server, "brewing") as home:
        for post in (POST, hidden):
            await home.writer.write(brief_about(post, COFFEE, recent=("Said before.",)))
    one, other = (request["messages"] for request in server.requests)
    assert one[0] == other[0]
    assert one[0]["content"].startswith(load_prompt("comment", 2).text)
    fences = {line for line in one[1]["content"].splitlines() if line.startswith("FENCE-")}
    [fence] = fences
    assert one[1]["content"].endswith(f"{fence}\n{POST}\n{fence}")
    assert fence not in other[1]["content"]
    assert "Tea or coffee?" in other[1]["content"]


async def test_a_disclosure_that_the_script_holds_is_kept() -> None:
    content = COFFEE.model_dump(mode="json")
    response = "Freshly ground beans make the biggest difference to a cup at home. {disclosure}"
    content["triggers"][0]["responses"] = [response]
    script = Script.model_validate(content)
    told = f"{GOOD} {ANNA.disclosure}"
    server = ModelServer(deeds.says_json({**SAYS_GOOD, "text": told}))
    async with server.running(), house(server, "brewing") as home:
        kept = await home.writer.write(brief_about(POST, script))
        server.otherwise = deeds.says_json(SAYS_GOOD)
        dropped = await home.writer.write(brief_about(POST, script))
    assert isinstance(kept, Line), kept.detail
    assert ANNA.disclosure in server.requests[0]["messages"][0]["content"]
    assert silence(dropped) is SilenceReason.CHECKS_FAILED
    assert isinstance(dropped, Silence)
    assert "disclosure" in dropped.detail
