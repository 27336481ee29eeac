"""How long the selector's process learns many triggers, and what the node's loop feels of it.

    python -m benchmarks.bench_judge [FOLDER] [--triggers N] [--phrases N]

FOLDER holds BANKING77 as for `bench_learning`. A node's part asks the process over and over:
`words_seconds` is when it first answers by what it learnt, `meaning_seconds` when it answers by
meaning too; `restart_seconds` is the first answer of a new process that finds both on disk.
`worst_tick_ms` is by how much the loop was ever late, `node_cpu_seconds` what all of this took of
the node's own processor time, `learning_cpu_seconds` what it took in other processes.
`ms_per_message` is one question and its answer, by meaning.
"""

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_learning import from_folder, made_up, scripts_of
from llm.judge_process import JudgeProcess
from orchestrator.ports.writing import PublishedScript

TICK = 0.005
QUESTIONS = 200


async def answered(judge: JudgeProcess, scripts: Sequence[PublishedScript], known: str) -> str:
    """Ask until somebody else than `known` answers; returns who."""
    while True:
        found = (await judge.read(scripts, "How may you help me?")).judge
        if found != known:
            return found
        await asyncio.sleep(0.2)


async def lateness(worst: list[float]) -> None:
    """Note by how much the loop is late, until cancelled."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        worst.append(time.perf_counter() - before - TICK)


async def main(folder: Path | None, triggers: int, phrases: int) -> None:
    """Learn, ask, and begin again."""
    texts = made_up(triggers, phrases) if folder is None else from_folder(folder, triggers, phrases)
    scripts = scripts_of(texts, "How may I help you today?")
    figures: dict[str, object] = {
        "benchmark": "judge",
        "triggers": len(texts),
        "phrases": sum(map(len, texts)),
    }
    worst: list[float] = []
    with tempfile.TemporaryDirectory() as models:
        judge, begun, cpu = JudgeProcess(Path(models)), time.perf_counter(), time.process_time()
        ticking = asyncio.create_task(lateness(worst), name="ticks")
        by_words = await answered(judge, scripts, "")
        figures["words_seconds"] = round(time.perf_counter() - begun, 2)
        await answered(judge, scripts, by_words)
        figures["meaning_seconds"] = round(time.perf_counter() - begun, 2)
        ticking.cancel()
        figures["worst_tick_ms"] = round(max(worst) * 1000, 1)
        figures["node_cpu_seconds"] = round(time.process_time() - cpu, 2)
        asked = time.perf_counter()
        for number in range(QUESTIONS):
            await judge.read(scripts, texts[number % len(texts)][0])
        figures["ms_per_message"] = round((time.perf_counter() - asked) * 1000 / QUESTIONS, 2)
        await judge.close()
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures["learning_cpu_seconds"] = round(spent.ru_utime + spent.ru_stime, 1)
        again, begun = JudgeProcess(Path(models)), time.perf_counter()
        await answered(again, scripts, "")
        figures["restart_seconds"] = round(time.perf_counter() - begun, 2)
        await again.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--triggers", type=int, default=150)
    parser.add_argument("--phrases", type=int, default=100)
    given = parser.parse_args()
    asyncio.run(main(given.folder, given.triggers, given.phrases))
