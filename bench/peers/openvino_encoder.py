"""Text to unit vectors by OpenVINO: the fp32 export in f32 or bf16, or what NNCF makes of it in int8."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from encoders import TokenBatches, existing, mean_pool
from protocol import Missing


class OpenVinoEncoder:
    def __init__(
        self, model_dir: str, onnx_dir: Path, calibration: Sequence[str], threads: int, max_tokens: int, kind: str
    ):
        """`calibration`: texts from which int8 finds the ranges of its activations."""
        import openvino

        core = openvino.Core()
        has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if kind == "bf16" and not has_bf16:
            raise Missing("OpenVINO says that this CPU can't do bf16.")
        self._tokens = TokenBatches(model_dir, max_tokens)
        self.versions = {"openvino": version("openvino"), "tokenizers": version("tokenizers")}
        model_file = existing(onnx_dir / "fp32.onnx")
        if kind == "int8":
            self.versions["nncf"] = version("nncf")
            model_file = self._quantized(core, model_file, onnx_dir, calibration)
        self._model = core.compile_model(
            core.read_model(model_file),
            "CPU",
            {
                # LATENCY, because one caller waits for each batch: THROUGHPUT gives every thread a stream of its own, and
                # one caller keeps only one stream busy. 2 threads, 32 texts: 1.2 s instead of 0.6 s in f32, 0.43 s instead of
                # 0.22 s in int8; one short text: 3.3 ms instead of 2.7 ms.
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads,
                # The unquantized rest of int8 runs in bf16 if the CPU has it: OpenVINO's default, and a tenth faster.
                "INFERENCE_PRECISION_HINT": "bf16" if has_bf16 and kind != "fp32" else "f32",
            },
        )
        self._inputs = [node.get_any_name() for node in self._model.inputs]
        self._request = self._model.create_infer_request()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        tokens = self._tokens.of(texts)
        # The arrays belong to this call, so OpenVINO may read them without a copy.
        outputs = self._request.infer({name: tokens[name] for name in self._inputs}, share_inputs=True)
        return mean_pool(outputs[0], tokens["attention_mask"])

    def _quantized(self, core, model_file: Path, onnx_dir: Path, calibration: Sequence[str]) -> Path:
        """Quantizes the trained model once for these texts, which takes about 20 seconds."""
        digest = hashlib.sha256("\n".join(calibration).encode()).hexdigest()
        saved = onnx_dir / f"openvino-int8-{digest[:8]}.xml"
        if saved.is_file():
            return saved
        import nncf
        import openvino

        samples = nncf.Dataset([self._tokens.of([text]) for text in calibration])
        model = nncf.quantize(
            core.read_model(model_file),
            samples,
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(calibration),
        )
        unfinished = saved.with_name("unfinished.xml")
        openvino.save_model(model, unfinished, compress_to_fp16=False)
        # The weights are renamed first: the .xml shows that the model is complete.
        unfinished.with_suffix(".bin").rename(saved.with_suffix(".bin"))
        unfinished.rename(saved)
        return saved
