"""Text to unit vectors by torch, ONNX Runtime or OpenVINO, tokenizing included: one peer of the benchmark.

    python encode_peer.py '{"peer": "torch-fp32", "model_dir": ..., "texts": ..., ...}'      (see protocol.py)

`texts` and `calibration` are JSON files: {"texts": [...], "tokens": [how many tokens each has]}.
"""

import json
import os
from pathlib import Path
from typing import Any

from best_size import best_size
from protocol import Batch, Missing, Peer, serve
from threads import limit_loaded_pools, set_threads

ANSWERED_TEXTS = 16


def make_peer(spec: dict[str, Any]) -> Peer:
    set_threads(spec["threads"])  # before the first import of NumPy, so imports are in functions here
    os.environ["HF_HUB_OFFLINE"] = "1"  # the model is a folder
    peer = Encode(spec)
    limit_loaded_pools(spec["threads"])
    return peer


def make_encoder(spec: dict[str, Any]):
    library, _, kind = spec["peer"].partition("-")
    model_dir, threads, max_tokens = spec["model_dir"], spec["threads"], spec["max_tokens"]
    onnx_dir = Path(spec["onnx_dir"])
    if library == "torch" and kind in ("fp32", "bf16"):
        from encoders import TorchEncoder

        return TorchEncoder(model_dir, threads, max_tokens, bf16=kind == "bf16")
    if library == "ort" and kind in ("fp32", "int8"):
        from encoders import OnnxRuntimeEncoder

        return OnnxRuntimeEncoder(model_dir, onnx_dir / f"{kind}.onnx", threads, max_tokens)
    if library == "openvino" and kind in ("fp32", "bf16", "int8"):
        from openvino_encoder import OpenVinoEncoder

        return OpenVinoEncoder(model_dir, onnx_dir, read_texts(spec["calibration"])[0], threads, max_tokens, kind)
    raise Missing(f"There is no peer {spec['peer']}.")


def read_texts(path: str) -> tuple[list[str], list[int]]:
    file = json.loads(Path(path).read_text(encoding="utf-8"))
    return file["texts"], file["tokens"]


class Encode:
    """Encodes `batch` texts in each call, in the order of the file, over and over, in the fastest of `inference_batches`."""

    def __init__(self, spec: dict[str, Any]):
        self._texts, self._tokens = read_texts(spec["texts"])
        self._size = spec["batch"]
        self._encoder = make_encoder(spec)
        self.versions = self._encoder.versions
        self._next = 0
        self._inference_size = best_size(
            spec["inference_batches"], lambda size: self._encode_sorted(self._texts_from(0), size)
        )
        self.figures = {"inference_batch": self._inference_size}

    def batch(self) -> Batch:
        chosen = self._texts_from(self._next)
        self._next = (self._next + self._size) % len(self._texts)
        self._encode_sorted(chosen, self._inference_size)
        return Batch(self._size, {"tokens": sum(self._tokens[text] for text in chosen)})

    def _texts_from(self, first: int) -> list[int]:
        return [(first + offset) % len(self._texts) for offset in range(self._size)]

    def _encode_sorted(self, chosen: list[int], inference_size: int) -> None:
        """Sorts texts by length, as sentence-transformers does: little is padded."""
        chosen.sort(key=lambda text: -self._tokens[text])
        for at in range(0, len(chosen), inference_size):
            self._encoder.encode([self._texts[text] for text in chosen[at : at + inference_size]])

    def answers(self) -> dict[str, list]:
        return {"vectors": self._encoder.encode(self._texts[:ANSWERED_TEXTS]).tolist()}


if __name__ == "__main__":
    serve(make_peer)
