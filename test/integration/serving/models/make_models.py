"""Writes the small ONNX files that the serving tests load. Run with the project's Python: the files are checked in."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
FLOAT, INT64, STRING, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL


def save(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
        [numpy_helper.from_array(value, key) for key, value in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def linear(name, weights):
    """score = features @ weights; a NaN feature gives a NaN score."""
    save(
        name,
        [helper.make_node("MatMul", ["features", "weights"], ["score"])],
        [("features", FLOAT, [None, len(weights)])],
        [("score", FLOAT, [None])],
        [("weights", np.array(weights, dtype=np.float32))],
    )


linear("linear", [1.0, 2.0, -1.0])
linear("reversed", [-1.0, -2.0, 1.0])
linear("narrow", [1.0, 1.0])

# Takes missing values: NaN counts as 0.
save(
    "tolerant",
    [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "features"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["score"]),
    ],
    [("features", FLOAT, [None, 3])],
    [("score", FLOAT, [None])],
    [("weights", np.array([1.0, 2.0, -1.0], dtype=np.float32)), ("zero", np.array(0.0, dtype=np.float32))],
)

# Loads, but its answer is never a number.
save(
    "nonfinite",
    [
        helper.make_node("ReduceSum", ["features", "axis"], ["total"], keepdims=0),
        helper.make_node("Sub", ["total", "total"], ["nothing"]),
        helper.make_node("Div", ["nothing", "nothing"], ["score"]),
    ],
    [("features", FLOAT, [None, 3])],
    [("score", FLOAT, [None])],
    [("axis", np.array([1], dtype=np.int64))],
)

# Several inputs and outputs of different types, as `infer` may meet them.
save(
    "mixed",
    [
        helper.make_node("Mul", ["pair", "two"], ["doubled"]),
        helper.make_node("Add", ["id", "one"], ["next"]),
        helper.make_node("Identity", ["name"], ["echo"]),
        helper.make_node("Not", ["flag"], ["opposite"]),
    ],
    [("pair", FLOAT, [None, 2]), ("id", INT64, [None]), ("name", STRING, [None]), ("flag", BOOL, [None])],
    [("doubled", FLOAT, [None, 2]), ("next", INT64, [None]), ("echo", STRING, [None]), ("opposite", BOOL, [None])],
    [("two", np.array(2.0, dtype=np.float32)), ("one", np.array(1, dtype=np.int64))],
)
