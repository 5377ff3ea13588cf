"""The deep recommender: a two-tower network in PyTorch over the same columns as version 2.

One tower reads what is known of the customer, the other everything that varies with the plant; their product
and a joint layer give P(bought | shown). Trains on CUDA where it is usable and says what it ran on.
Needs the optional group of packages (torch).
"""

from __future__ import annotations

import os
import sys

# The folder's files are recorded by digest; byte code beside them would change it.
sys.dont_write_bytecode = True
os.environ["OMP_WAIT_POLICY"] = "passive"
# cuBLAS computes in a fixed order only with a workspace of its own.
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"

from pathlib import Path

import numpy as np
from onnx import helper, numpy_helper

from model_metrics import describe, log_loss
from onnx_graphs import INPUT, save_network, verify
from perennial_trainer import (
    Checkpoints,
    Interruption,
    TrainingInput,
    Untrainable,
    environment,
    leave_if_interrupted,
    log,
    report_progress,
    run_trainer,
    write_result,
)

try:
    import torch
    from torch import nn
except ImportError:
    print(
        "untrainable: this trainer needs PyTorch, which isn't installed; install the optional deep group "
        "(npm run demo -- --deep does it)",
        file=sys.stderr,
    )
    sys.exit(2)

PACKAGES = ["numpy", "torch", "onnx", "pyarrow"]
CUSTOMER_VIEW = "customer_profile."


class TwoTowers(nn.Module):
    """Standardised features [N, F] to logits [N]."""

    def __init__(self, customer: list[int], plant: list[int], width: int) -> None:
        super().__init__()
        self.register_buffer("customer_columns", torch.tensor(customer))
        self.register_buffer("plant_columns", torch.tensor(plant))
        self.customer_in = nn.Linear(len(customer), width)
        self.customer_out = nn.Linear(width, width)
        self.plant_in = nn.Linear(len(plant), width)
        self.plant_out = nn.Linear(width, width)
        self.joint_in = nn.Linear(3 * width, width)
        self.joint_out = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        customer = self.customer_out(torch.relu(self.customer_in(x[:, self.customer_columns])))
        plant = self.plant_out(torch.relu(self.plant_in(x[:, self.plant_columns])))
        joint = torch.cat([customer, plant, customer * plant], dim=1)
        return self.joint_out(torch.relu(self.joint_in(joint))).squeeze(1)


def find_device(wanted: str) -> tuple[torch.device, str]:
    """The device to train on, and one sentence for log and result."""
    if wanted == "cpu":
        return torch.device("cpu"), "cpu (as asked)"
    if not torch.cuda.is_available():
        return torch.device("cpu"), f"cpu (asked for {wanted}, but PyTorch {torch.__version__} finds no CUDA device)"
    try:
        device = torch.device(wanted)
        torch.ones(8, 8, device=device).matmul(torch.ones(8, 8, device=device)).sum().item()
    except RuntimeError as error:
        return torch.device("cpu"), f"cpu (asked for {wanted}, but it doesn't work here: {str(error).splitlines()[0]})"
    return device, f"{device.type} ({torch.cuda.get_device_name(device)})"


def split_columns(names: list[str]) -> tuple[list[int], list[int]]:
    customer = [i for i, name in enumerate(names) if name.startswith(CUSTOMER_VIEW)]
    plant = [i for i in range(len(names)) if i not in customer]
    if not customer or not plant:
        raise Untrainable(
            f"two towers need features of {CUSTOMER_VIEW[:-1]} and of other views; found {', '.join(names)}"
        )
    return customer, plant


def export(path: Path, model: TwoTowers, mean: np.ndarray, scale: np.ndarray, mask_index: int | None) -> None:
    """Writes the network as plain ONNX nodes, so that no exporter's version changes the graph."""
    constants = [numpy_helper.from_array(mean.astype(np.float32), "mean"),
                 numpy_helper.from_array(scale.astype(np.float32), "scale")]
    nodes = [helper.make_node("Sub", [INPUT, "mean"], ["centred"]),
             helper.make_node("Div", ["centred", "scale"], ["standard"])]

    def linear(layer: str, source: str, target: str, relu: bool) -> None:
        module = getattr(model, layer)
        for part in ("weight", "bias"):
            value = getattr(module, part).detach().cpu().numpy()
            constants.append(numpy_helper.from_array(value, f"{layer}_{part}"))
        raw = f"{target}_raw" if relu else target
        nodes.append(
            helper.make_node("Gemm", [source, f"{layer}_weight", f"{layer}_bias"], [raw], transB=1)
        )
        if relu:
            nodes.append(helper.make_node("Relu", [raw], [target]))

    for tower in ("customer", "plant"):
        columns = getattr(model, f"{tower}_columns").cpu().numpy()
        constants.append(numpy_helper.from_array(columns, f"{tower}_columns"))
        nodes.append(helper.make_node("Gather", ["standard", f"{tower}_columns"], [f"{tower}_x"], axis=1))
        linear(f"{tower}_in", f"{tower}_x", f"{tower}_hidden", relu=True)
        linear(f"{tower}_out", f"{tower}_hidden", f"{tower}_vector", relu=False)
    nodes.append(helper.make_node("Mul", ["customer_vector", "plant_vector"], ["product"]))
    nodes.append(helper.make_node("Concat", ["customer_vector", "plant_vector", "product"], ["joint"], axis=1))
    linear("joint_in", "joint", "joint_hidden", relu=True)
    linear("joint_out", "joint_hidden", "logit_column", relu=False)
    constants.append(numpy_helper.from_array(np.array([-1], dtype=np.int64), "flat"))
    nodes.append(helper.make_node("Reshape", ["logit_column", "flat"], ["logit"]))
    nodes.append(helper.make_node("Sigmoid", ["logit"], ["probability"]))
    save_network(path, nodes, constants, len(mean), mask_index)


def train(run: TrainingInput, interruption: Interruption) -> None:
    if np.isnan(run.train.features).any():
        empty = [run.feature_names[i] for i in np.flatnonzero(np.isnan(run.train.features).any(axis=0))]
        raise Untrainable(f"missing values in {', '.join(empty)}: this network needs every value")
    mask_index = run.mask_index()
    customer, plant = split_columns(run.feature_names)
    epochs, batch_size = run.parameter("epochs", 12), run.parameter("batchSize", 1024)
    device, device_text = find_device(run.parameter("device", "cuda"))
    log(f"device: {device_text}")

    torch.manual_seed(run.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = False
    mean, scale = run.train.features.mean(axis=0, dtype=np.float64), run.train.features.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1.0
    standardise = lambda features: torch.from_numpy(((features - mean) / scale).astype(np.float32)).to(device)
    x, y = standardise(run.train.features), torch.from_numpy(run.train.label).to(device)

    # Weights are drawn on the CPU, so that they don't depend on the device.
    model = TwoTowers(customer, plant, run.parameter("width", 64)).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=run.parameter("learningRate", 0.003), weight_decay=0.01)
    loss_of = nn.BCEWithLogitsLoss()
    checkpoints = Checkpoints(run, f"deep/{device.type}")
    done = 0
    resumed = checkpoints.latest()
    if resumed:
        done, folder = resumed
        state = torch.load(folder / "state.pt", map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])

    def score(features: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            probability = torch.sigmoid(model(standardise(features))).cpu().numpy()
        return probability if mask_index is None else probability * (1 - np.minimum(np.abs(features[:, mask_index]), 1))

    for epoch in range(done + 1, epochs + 1):
        model.train()
        # The order depends on seed and epoch alone, so a resumed run sees the same batches.
        order = torch.randperm(len(y), generator=torch.Generator().manual_seed(run.seed * 100_003 + epoch)).to(device)
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            optimiser.zero_grad(set_to_none=True)
            loss_of(model(x[rows]), y[rows]).backward()
            optimiser.step()
        state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
        checkpoints.save(epoch, lambda folder: torch.save(state, folder / "state.pt"))
        progress = {"train.logLoss": round(log_loss(run.train.label, score(run.train.features)), 9)}
        if run.validation:
            progress["validation.logLoss"] = round(log_loss(run.validation.label, score(run.validation.features)), 9)
        report_progress(epoch, epochs, progress)
        leave_if_interrupted(interruption)

    metrics = describe("train", run.train, score(run.train.features))
    if run.validation:
        metrics |= describe("validation", run.validation, score(run.validation.features))
    export(run.output_dir / "model.onnx", model, mean, scale, mask_index)
    verify(run.output_dir / "model.onnx", run.train.features[:64], score(run.train.features[:64]))

    # How much worse the log loss gets when one column is shuffled.
    judged = run.validation or run.train
    base = log_loss(judged.label, score(judged.features))
    shuffle = np.random.default_rng(run.seed).permutation(len(judged.label))
    importance = {}
    for i, name in enumerate(run.feature_names):
        shuffled = judged.features.copy()
        shuffled[:, i] = shuffled[shuffle, i]
        importance[name] = round(log_loss(judged.label, score(shuffled)) - base, 9)
    torch.save(model.state_dict(), run.output_dir / "model.pt")
    write_result(
        run,
        metrics=metrics,
        importance=importance,
        environment=environment(device_text, PACKAGES),
        files=[{"path": "model.pt", "description": "The network's weights in PyTorch's format"}],
    )


if __name__ == "__main__":
    run_trainer(train)
