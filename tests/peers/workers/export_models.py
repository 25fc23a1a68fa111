"""Write a model's folder once more as ONNX and OpenVINO files, from the weights that PyTorch read.

    export_models.py FOLDER

Beside `model.onnx`, as exported, lies `fused.onnx`, after ONNX Runtime's optimiser for transformers.
"""

import json
import sys
from pathlib import Path
from typing import Any

import onnxruntime.transformers.optimizer as optimizer
import openvino
import torch
from encode_torch import load_model

NAMES = ("input_ids", "attention_mask")


class LastHiddenState(torch.nn.Module):
    """The model as a function of two arrays, with one array as its result."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def main() -> None:
    folder = Path(sys.argv[1])
    model = LastHiddenState(load_model(folder, "float32")).eval()
    example = torch.ones(2, 16, dtype=torch.int64), torch.ones(2, 16, dtype=torch.int64)
    export_onnx(model, example, folder / "model.onnx")
    fuse(folder)
    export_openvino(model, example, folder / "openvino.xml")


def export_onnx(model: torch.nn.Module, example: tuple[torch.Tensor, ...], path: Path) -> None:
    # The older exporter: ONNX Runtime's optimiser recognises the attention that it writes.
    axes = {name: {0: "rows", 1: "tokens"} for name in (*NAMES, "hidden")}
    options: dict[str, Any] = {"opset_version": 17, "dynamic_axes": axes, "dynamo": False}
    torch.onnx.export(model, example, path, input_names=list(NAMES), output_names=["hidden"], **options)


def fuse(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    heads = config.get("n_heads") or config["num_attention_heads"]
    width = config.get("dim") or config["hidden_size"]
    fused = optimizer.optimize_model(
        str(folder / "model.onnx"), "bert", num_heads=heads, hidden_size=width, opt_level=1
    )
    print(fused.get_fused_operator_statistics())
    fused.save_model_to_file(str(folder / "fused.onnx"))


def export_openvino(model: torch.nn.Module, example: tuple[torch.Tensor, ...], path: Path) -> None:
    converted = openvino.convert_model(model, example_input=example)
    for port, name in zip(converted.inputs, NAMES, strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
    converted.validate_nodes_and_infer_types()
    openvino.save_model(converted, path, compress_to_fp16=False)


if __name__ == "__main__":
    main()
