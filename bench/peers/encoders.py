"""Text to unit vectors by sentence-transformers (torch) and ONNX Runtime. OpenVINO is in openvino_encoder.py.

Every encoder has `encode(texts)`, which returns a float32 matrix of one row a text, and `versions`.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from protocol import Missing


class TorchEncoder:
    """sentence-transformers, which most services run. It tokenizes, pools and normalizes itself."""

    def __init__(self, model_dir: str, threads: int, max_tokens: int, *, bf16: bool):
        import torch
        from sentence_transformers import SentenceTransformer

        if bf16 and not cpu_has_bf16():
            raise Missing("This CPU has no bf16 instructions.")
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        dtype = torch.bfloat16 if bf16 else torch.float32
        self._model = SentenceTransformer(model_dir, device="cpu", model_kwargs={"dtype": dtype})
        self._model.max_seq_length = max_tokens
        self.versions = {
            "torch": torch.__version__,
            "sentence-transformers": version("sentence-transformers"),
            "transformers": version("transformers"),
        }

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._model.encode(
            list(texts), batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False
        ).astype(np.float32, copy=False)


class OnnxRuntimeEncoder:
    """ONNX Runtime on an export of the model."""

    def __init__(self, model_dir: str, onnx_file: Path, threads: int, max_tokens: int):
        import onnxruntime

        self._tokens = TokenBatches(model_dir, max_tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(existing(onnx_file)), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [node.name for node in self._session.get_inputs()]
        # The token vectors come first in both exports, under different names; fp32's other output is BERT's pooler.
        self._outputs = [self._session.get_outputs()[0].name]
        self.versions = {"onnxruntime": onnxruntime.__version__, "tokenizers": version("tokenizers")}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        tokens = self._tokens.of(texts)
        (hidden,) = self._session.run(self._outputs, {name: tokens[name] for name in self._inputs})
        return mean_pool(hidden, tokens["attention_mask"])


class TokenBatches:
    """The model's tokenizer, as int64 arrays named like the inputs of the ONNX exports."""

    def __init__(self, model_dir: str, max_tokens: int):
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(existing(Path(model_dir) / "tokenizer.json")))
        # The file limits and pads to 128 tokens; the model doesn't.
        self._tokenizer.enable_truncation(max_length=max_tokens)
        self._tokenizer.enable_padding()  # to the longest text of the batch

    def of(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        encodings = self._tokenizer.encode_batch(list(texts))
        return {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64),
            "token_type_ids": np.array([encoding.type_ids for encoding in encodings], dtype=np.int64),
        }


def mean_pool(hidden: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean over the tokens that aren't padding, brought to length 1."""
    weights = mask.astype(np.float32) / mask.sum(axis=1, keepdims=True, dtype=np.float32)
    vectors = np.matmul(weights[:, np.newaxis, :], hidden)[:, 0, :]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def existing(path: Path) -> Path:
    if not path.is_file():
        raise Missing(f"{path.parent.name}/{path.name} is not there: bench/peers/setup.sh fetches the ONNX exports.")
    return path


def cpu_has_bf16() -> bool:
    """Whether the CPU has bf16 instructions (False except on Linux). Without them bf16 is emulated, slower than fp32."""
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    flags = {flag for line in info.splitlines() if line.startswith(("flags", "Features")) for flag in line.split()}
    return not flags.isdisjoint({"avx512_bf16", "amx_bf16", "bf16"})
