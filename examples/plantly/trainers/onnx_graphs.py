"""Builds the ONNX graphs: float32 features [N, F] in, float32 score [N] out, the compliance mask inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = 17
IR_VERSION = 9
INPUT = "features"
OUTPUT = "score"


def mask_nodes(probability: str, mask_index: int | None) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """score = probability * (1 - min(|invasive_here|, 1)): a plant that is invasive where the customer lives
    gets 0, below every other score. Without a mask the probability is the score."""
    if mask_index is None:
        return [helper.make_node("Identity", [probability], [OUTPUT])], []
    constants = [
        numpy_helper.from_array(np.array(mask_index, dtype=np.int64), "mask_index"),
        numpy_helper.from_array(np.array(1.0, dtype=np.float32), "mask_one"),
    ]
    nodes = [
        helper.make_node("Gather", [INPUT, "mask_index"], ["mask_column"], axis=1),
        helper.make_node("Abs", ["mask_column"], ["mask_positive"]),
        helper.make_node("Min", ["mask_positive", "mask_one"], ["mask_capped"]),
        helper.make_node("Sub", ["mask_one", "mask_capped"], ["mask_keep"]),
        helper.make_node("Mul", [probability, "mask_keep"], [OUTPUT]),
    ]
    return nodes, constants


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
    feature_count: int,
    extra_opsets: list[onnx.OperatorSetIdProto] | None = None,
) -> None:
    graph = helper.make_graph(
        nodes,
        "plant_recommender",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, feature_count])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None])],
        initializers,
    )
    opsets = [helper.make_opsetid("", OPSET), *(extra_opsets or [])]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="plantly", ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def save_logistic(
    path: Path, mean: np.ndarray, scale: np.ndarray, weights: np.ndarray, bias: float, mask_index: int | None
) -> None:
    """sigmoid(((x - mean) / scale) @ weights + bias), with the standardisation folded into the weights."""
    folded = (weights / scale).astype(np.float64)
    offset = float(bias - np.dot(folded, mean))
    constants = [
        numpy_helper.from_array(folded.astype(np.float32), "weights"),
        numpy_helper.from_array(np.array(offset, dtype=np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("MatMul", [INPUT, "weights"], ["weighted"]),
        helper.make_node("Add", ["weighted", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    save_network(path, nodes, constants, len(weights), mask_index)


def save_classifier(path: Path, converted: onnx.ModelProto, feature_count: int, mask_index: int | None) -> None:
    """Takes a converted two-class classifier (probabilities [N, 2] as its second output) and keeps P(1)."""
    probabilities = converted.graph.output[1].name
    constants = [numpy_helper.from_array(np.array(1, dtype=np.int64), "bought_index")]
    nodes = [helper.make_node("Gather", [probabilities, "bought_index"], ["probability"], axis=1)]
    masking, mask_constants = mask_nodes("probability", mask_index)
    used = {name for node in converted.graph.node for name in node.input}
    if converted.graph.input[0].name != INPUT or INPUT not in used:
        raise ValueError(f"the converted graph must read its input as {INPUT!r}")
    _save(
        path,
        [*converted.graph.node, *nodes, *masking],
        [*converted.graph.initializer, *constants, *mask_constants],
        feature_count,
        [opset for opset in converted.opset_import if opset.domain != ""],
    )


def save_network(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    feature_count: int,
    mask_index: int | None,
) -> None:
    """Takes nodes that compute a tensor named `probability` [N] from the features."""
    masking, mask_constants = mask_nodes("probability", mask_index)
    _save(path, [*nodes, *masking], [*constants, *mask_constants], feature_count)


def verify(path: Path, features: np.ndarray, expected: np.ndarray) -> None:
    """Runs the written file in ONNX's reference evaluator: what is served must be what was trained."""
    (served,) = ReferenceEvaluator(str(path)).run(None, {INPUT: features.astype(np.float32)})
    difference = float(np.max(np.abs(served - expected)))
    if served.shape != (len(features),) or not difference < 1e-4:
        raise RuntimeError(f"the exported ONNX model differs from the trained one by {difference:g} at most")
