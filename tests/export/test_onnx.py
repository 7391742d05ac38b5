"""ONNX: the model of every kind of hypothesis in ONNX Runtime, and operations one by one."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from agreement import check

from momentax.errors import InputError
from momentax.regress.inputs import RAW

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
ort = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")

from momentax.export.graph import OPSET, Graph, traced  # noqa: E402
from momentax.export.onnx import write_onnx  # noqa: E402
from momentax.export.operations import CONVERTERS  # noqa: E402


def session(model):
    return ort.InferenceSession(model, providers=["CPUExecutionProvider"])


def test_the_program_is_the_model(regressor, raw, masses, tmp_path):
    path = tmp_path / "r.onnx"
    write_onnx(regressor, path)
    opened = session(str(path))
    assert [(i.name, i.type, i.shape[1]) for i in opened.get_inputs()] == [
        ("raw", "tensor(float)", 18),
        ("masses", "tensor(float)", 2),
    ]
    check(lambda r, m: opened.run(None, {"raw": r, "masses": m}), regressor, raw, masses)
    about = opened.get_modelmeta().custom_metadata_map
    assert json.loads(about["columns"]) == list(RAW)
    assert about["kind"] == regressor.kind
    assert len(json.loads(about["mass_points"])) == len(regressor.mass_points)


def converted(function, *arguments):
    """The outputs of a function of float64 arrays [n, k] in ONNX Runtime."""
    from onnx import TensorProto, helper

    closed = traced(function, [a.shape[1] for a in arguments], jnp.float64)
    graph = Graph(CONVERTERS)
    names = [f"x{i}" for i in range(len(arguments))]
    graph.nodes.append(helper.make_node("Shape", ["x0"], ["n"], start=0, end=1))
    results = graph.inline(closed.jaxpr, closed.consts, names)
    graph.nodes += [helper.make_node("Identity", [r], [f"y{i}"]) for i, r in enumerate(results)]
    made = helper.make_graph(
        graph.nodes,
        "test",
        [
            helper.make_tensor_value_info(n, TensorProto.DOUBLE, ["n", a.shape[1]])
            for n, a in zip(names, arguments, strict=True)
        ],
        [
            helper.make_tensor_value_info(
                f"y{i}", helper.np_dtype_to_tensor_dtype(np.dtype(v.aval.dtype)), None
            )
            for i, v in enumerate(closed.jaxpr.outvars)
        ],
        list(graph.initializers.values()),
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return session(model.SerializeToString()).run(None, dict(zip(names, arguments, strict=True)))


FUNCTIONS = {
    "elementary": lambda x: jnp.stack(
        [f(x) for f in (jnp.arcsinh, jnp.sinh, jnp.cosh, jnp.tanh, jnp.expm1, jnp.sin, jnp.cos, jnp.cbrt)]
    ),
    "roots": lambda x: jnp.log1p(jnp.abs(x)) + jax.lax.rsqrt(1 + x**2) + x**-3 + x**5 + jnp.exp2(x),
    "modulo": lambda x: (x + jnp.pi) % (2 * jnp.pi),
    "choices": lambda x: jnp.where((x > 0) & ~(x >= 1) | (x != x), jnp.clip(x, -0.5, 0.5), jnp.sign(x)),
    "finite": lambda x: jnp.isfinite(1.0 / (x - x[:, :1])),
    "sums": lambda x: (
        x.sum(1),
        x.max(1),
        x.min(1),
        jnp.prod(x[:, :3], axis=1),
        (x > 0).any(1),
        (x > 0).all(1),
    ),
    "rows twice": lambda x: jnp.concatenate([x, -x])[x.shape[0] :] + jnp.concatenate([x, x])[: x.shape[0]],
    "shapes": lambda x: jnp.broadcast_to(x.T[:, :, None], (4, x.shape[0], 3))[::2, :, 1:].reshape(-1, 4),
    "from numbers": lambda x: jnp.ones((x.shape[0], 3)) + jnp.arange(3) + x[:, :1],
    "table": lambda x: jnp.arange(12.0).reshape(3, 4)[
        (x[:, 0] > 0).astype(int), (x[:, 1] > 0).astype(int) + 1
    ],
    "rows of a table": lambda x: (
        jnp.arange(12.0).reshape(3, 4).at[:, (x[:, 0] > 0).astype(int)].get(mode="clip").T
    ),
    "products": lambda x: (x @ np.arange(8.0).reshape(4, 2), jnp.einsum("ni,nj->nij", x, x)),
    "loop": lambda x: jax.lax.scan(lambda c, k: (c * k + x, c.sum(1)), x, jnp.arange(1.0, 4.0)),
    "softmax": lambda x: jax.nn.logsumexp(x, axis=1) + jnp.logaddexp(x[:, 0], x[:, 1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations(name):
    x = np.random.default_rng(1).normal(size=(37, 4))
    found = converted(lambda a: jax.tree.leaves(FUNCTIONS[name](a)), x)
    expected = jax.tree.leaves(FUNCTIONS[name](jnp.asarray(x)))
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert np.allclose(a, b, rtol=1e-12, atol=1e-12)


def test_what_has_no_conversion_is_named():
    with pytest.raises(InputError, match="'sort'"):
        converted(lambda a: [jnp.sort(a, axis=1)], np.zeros((2, 3)))
    with pytest.raises(InputError, match="taken by their number"):
        converted(lambda a: [a[:5]], np.zeros((2, 3)))


def test_a_free_number_of_rows_is_kept():
    x = np.random.default_rng(2).normal(size=(5, 2))
    (found,) = converted(lambda a: [jnp.sum(a, axis=0)], x)
    assert np.allclose(found, x.sum(axis=0))
