"""How well the selector tells intents apart, and strangers from them, beside a plain baseline.

    python -m benchmarks.bench_selector [FOLDER] [--held-out N] [--seeds N] [--phrases N]

FOLDER holds banking77_train.csv and banking77_test.csv (PolyAI, CC BY 4.0; text,category). For each
seed some intents are held out of the training; the test's messages of those intents are strangers.
The baseline is logistic regression over words and pairs of words, with its limit where it loses as
many of the training's held-out messages as ours does. `recall_at_accuracy` and `accuracy_at_recall`
are where the aims lie on the curve of all limits: not what is reached by the chosen one. Without
FOLDER it says what it lacks.
"""

import argparse
import json
import random
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from llm.evaluation import OUT_OF_SCOPE, Example, Judged, figures_of, judged, read_examples
from llm.meaning import Meanings
from llm.selector import LOST, NOTHING

AIMED_ACCURACY, AIMED_RECALL = 0.934, 0.491


def split(
    train: Sequence[Example], test: Sequence[Example], held_out: int, phrases: int, seed: int
) -> tuple[list[Example], list[Example], list[str]]:
    """Hold intents out; returns what to learn from, what to ask, and the intents."""
    intents = sorted({one.category for one in train})
    strangers = set(random.Random(seed).sample(intents, held_out))  # noqa: S311 - a split
    kept: dict[str, list[Example]] = defaultdict(list)
    for one in train:
        if one.category not in strangers and len(kept[one.category]) < phrases:
            kept[one.category].append(one)
    taught = [one for ones in kept.values() for one in ones]
    asked = [
        Example(one.text, OUT_OF_SCOPE if one.category in strangers else one.category)
        for one in test
    ]
    return taught, asked, sorted(strangers)


def baseline(taught: Sequence[Example], asked: Sequence[Example]) -> dict[str, float]:
    """Measure logistic regression over words."""
    part, held = train_test_split(
        list(taught), test_size=0.1, random_state=0, stratify=[one.category for one in taught]
    )
    machine = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=30, max_iter=300),
    )
    machine.fit([one.text for one in part], [one.category for one in part])
    sure = machine.predict_proba([one.text for one in held]).max(axis=1)
    right = machine.predict([one.text for one in held]) == [one.category for one in held]
    limit = np.quantile(sure[right], LOST)
    texts = [one.text for one in asked]
    confidence, given = machine.predict_proba(texts).max(axis=1), machine.predict(texts)
    wanted = np.array([one.category for one in asked])
    known = wanted != OUT_OF_SCOPE
    return {
        "in_scope_accuracy": round(
            float(((given == wanted) & (confidence >= limit))[known].mean()), 4
        ),
        "oos_recall": round(float((confidence < limit)[~known].mean()), 4),
        "auroc": round(float(roc_auc_score(known, confidence)), 4),
    }


def curve(found: Judged) -> dict[str, float]:
    """Return the recall of strangers at the aimed accuracy, and accuracy at the aimed recall."""
    known = found.wanted != NOTHING
    right = found.wanted == np.array([one.target for one in found.chosen])
    sure = np.array([one.confidence for one in found.chosen])
    surest = np.sort(sure[known & right])[::-1]
    needed = int(np.ceil(AIMED_ACCURACY * known.sum()))
    recall = float((sure[~known] < surest[needed - 1]).mean()) if needed <= len(surest) else 0.0
    limit = np.quantile(sure[~known], AIMED_RECALL)
    accuracy = float((right & (sure >= limit))[known].mean())
    return {"recall_at_accuracy": round(recall, 4), "accuracy_at_recall": round(accuracy, 4)}


def main(folder: Path, held_out: int, seeds: int, phrases: int) -> None:
    train = read_examples(folder / "banking77_train.csv")
    test = read_examples(folder / "banking77_test.csv")
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as models:
        meanings = Meanings(Path(models))
        meanings.vectors(["warm up"])
        for seed in range(1, seeds + 1):
            taught, asked, strangers = split(train, test, held_out, phrases, seed)
            meanings.remembered.clear()
            found = judged(taught, asked, meanings)
            ours = asdict(figures_of(found)) | curve(found)
            runs.append(
                {
                    "seed": seed,
                    "held_out": strangers,
                    "troupe": ours,
                    "baseline": baseline(taught, asked),
                }
            )
    medians = {
        f"{side}_{name}": round(statistics.median(run[side][name] for run in runs), 4)
        for side in ("troupe", "baseline")
        for name in ("in_scope_accuracy", "oos_recall", "auroc")
    }
    for name in ("recall_at_accuracy", "accuracy_at_recall"):
        medians[f"troupe_{name}"] = round(statistics.median(run["troupe"][name] for run in runs), 4)
    print(json.dumps({"benchmark": "selector", "phrases": phrases, **medians, "runs": runs}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--held-out", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--phrases", type=int, default=100)
    wanted = parser.parse_args()
    if wanted.folder is None:
        print(json.dumps({"benchmark": "selector", "skipped": "name a folder with BANKING77"}))
    else:
        main(wanted.folder, wanted.held_out, wanted.seeds, wanted.phrases)
