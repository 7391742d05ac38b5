"""Regressors as ONNX models, which C++ programs run by ONNX Runtime without Python."""

from __future__ import annotations

import json
import os
from typing import Any

import jax.numpy as jnp
import numpy as np

import momentax
from momentax.atomic import atomic_path
from momentax.errors import InputError
from momentax.export.function import INPUTS, Prediction, prediction
from momentax.regress.inputs import RAW
from momentax.regress.regressor import Regressor

NEEDS = "ONNX needs the extra `export`: pip install 'momentax[export]'"


def write_onnx(regressor: Regressor, path: str | os.PathLike[str]) -> None:
    """Write ``raw [n, 18], masses [n, 2] -> value, uncertainty, uncertainty95 [n] float32, out_of_domain [n] bool`` as
    one ONNX file with all its numbers, atomically.

    Inputs are float32 (`momentax.regress.inputs.RAW`; GeV, radian), the arithmetic between is float64. The metadata
    holds ``columns`` (the order of raw), ``kind``, ``hypotheses``, ``mass_points`` as JSON.

    Raises:
        InputError: without the extra ``export``; an operation that has no conversion.
    """
    model = onnx_model(regressor)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def onnx_model(regressor: Regressor) -> Any:
    """The checked ``onnx.ModelProto`` of `write_onnx`."""
    try:
        import onnx
        from onnx import TensorProto, helper
    except ImportError:
        raise InputError(NEEDS) from None
    from momentax.export.graph import OPSET, Graph, traced
    from momentax.export.operations import CONVERTERS

    function = prediction(regressor)
    widths = (len(RAW), 2)
    closed = traced(lambda raw, masses: tuple(function(raw, masses)), widths, jnp.float32)
    graph = Graph(CONVERTERS)
    graph.nodes += [
        helper.make_node("Shape", [INPUTS[0]], ["n"], start=0, end=1),
    ]
    results = graph.inline(closed.jaxpr, closed.consts, INPUTS)
    for name, result in zip(Prediction._fields, results, strict=True):
        graph.nodes.append(helper.make_node("Identity", [result], [name]))
    kinds = (*(TensorProto.FLOAT,) * 3, TensorProto.BOOL)
    made = helper.make_graph(
        graph.nodes,
        f"momentax_{regressor.kind}",
        [
            helper.make_tensor_value_info(i, TensorProto.FLOAT, ["n", k])
            for i, k in zip(INPUTS, widths, strict=True)
        ],
        [helper.make_tensor_value_info(o, t, ["n"]) for o, t in zip(Prediction._fields, kinds, strict=True)],
        list(graph.initializers.values()),
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="momentax", ir_version=10
    )
    model.producer_version = momentax.__version__
    about = {
        "columns": list(RAW),
        "kind": regressor.kind,
        "hypotheses": regressor.information.get("hypotheses", []),
        "mass_points": np.asarray(regressor.mass_points).tolist(),
        "predicts": "information I = -log10 W, W in pb GeV^-6 sr^-4",
    }
    helper.set_model_props(model, {k: v if isinstance(v, str) else json.dumps(v) for k, v in about.items()})
    onnx.checker.check_model(model)
    return model
