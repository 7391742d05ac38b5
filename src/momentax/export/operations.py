"""The operations of JAX as nodes of an ONNX graph.

ONNX Runtime has some operations for float32 only (Asinh, Sinh, Cosh, ...). They are written by exponentials, logarithms
and roots, whose cancellations near 0 (1e-16) do not matter in float64; a float32 graph is therefore not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

import numpy as np
from onnx import helper

from momentax.errors import InputError
from momentax.export.graph import Converter, Graph, rows


def _plain(kind: str) -> Converter:
    return lambda g, _, x: g.node(kind, *x)


def _number(g: Graph, e: Any, value: float) -> str:
    return g.constant(value, e.invars[0].aval.dtype)


def _asinh(g: Graph, e: Any, x: list[str]) -> str:
    size = g.node("Abs", x[0])
    root = g.node("Sqrt", g.node("Add", g.node("Mul", size, size), _number(g, e, 1.0)))
    return g.node("Mul", g.node("Sign", x[0]), g.node("Log", g.node("Add", size, root)))


def _hyperbolic(kind: str) -> Converter:
    def convert(g: Graph, e: Any, x: list[str]) -> str:
        both = g.node(kind, g.node("Exp", x[0]), g.node("Exp", g.node("Neg", x[0])))
        return g.node("Mul", both, _number(g, e, 0.5))

    return convert


def _integer_pow(g: Graph, e: Any, x: list[str]) -> str:
    power = abs(e.params["y"])
    if power == 0:
        return g.node("Add", g.node("Mul", x[0], _number(g, e, 0.0)), _number(g, e, 1.0))
    # squares of squares, as XLA
    result, square = None, x[0]
    while power:
        if power & 1:
            result = square if result is None else g.node("Mul", result, square)
        power >>= 1
        if power:
            square = g.node("Mul", square, square)
    assert result is not None
    return g.node("Div", _number(g, e, 1.0), result) if e.params["y"] < 0 else result


def _broadcast_in_dim(g: Graph, e: Any, x: list[str]) -> str:
    before, after = e.invars[0].aval.shape, e.params["shape"]
    kept = dict(zip(e.params["broadcast_dimensions"], before, strict=True))
    middle = [kept.get(i, 1) for i in range(len(after))]
    value = _reshaped(g, x[0], before, middle)
    if tuple(middle) == tuple(after):
        return value
    # a dimension that is there already is not asked for: 1 keeps it
    return g.node("Expand", value, g.shape([1 if kept.get(i) == d else d for i, d in enumerate(after)]))


def _reshaped(g: Graph, value: str, before: Sequence[int], after: Sequence[int]) -> str:
    if tuple(before) == tuple(after):
        return value
    free = [i for i, d in enumerate(after) if rows(d)]
    if len(free) == 1:
        return g.node("Reshape", value, g.ints([-1 if i in free else d for i, d in enumerate(after)]))
    return g.node("Reshape", value, g.shape(after))


def _reshape(g: Graph, e: Any, x: list[str]) -> str:
    return _reshaped(g, x[0], e.invars[0].aval.shape, e.outvars[0].aval.shape)


def _slice(g: Graph, e: Any, x: list[str]) -> str:
    shape, p = e.invars[0].aval.shape, e.params
    strides = p["strides"] or (1,) * len(shape)
    cut = [
        i
        for i, d in enumerate(shape)
        if (p["start_indices"][i], p["limit_indices"][i], strides[i]) != (0, d, 1)
    ]
    if not cut:
        return x[0]
    for i in cut:
        ends = (p["start_indices"][i], p["limit_indices"][i])
        if rows(shape[i]) and any(v and not rows(v) for v in ends):
            raise InputError(f"ONNX: rows {ends[0]} to {ends[1]} are taken by their number")
    start, stop = ([p[k][i] for i in cut] for k in ("start_indices", "limit_indices"))
    return g.node(
        "Slice", x[0], g.shape(start), g.shape(stop), g.ints(cut), g.ints([strides[i] for i in cut])
    )


def _stack(g: Graph, e: Any, x: list[str]) -> str:
    return g.stack(x, e.params["axis"])


def _unstack(g: Graph, e: Any, x: list[str]) -> list[str]:
    axis = e.params["axis"]
    return [g.node("Gather", x[0], g.constant(i, np.int64), axis=axis) for i in range(len(e.outvars))]


def _reduce(kind: str, through: Any = None) -> Converter:
    """``through``: a type that the runtime reduces, for types that it does not."""

    def convert(g: Graph, e: Any, x: list[str]) -> str:
        value = x[0] if through is None else _cast(g, x[0], through)
        value = g.node(kind, value, g.ints(e.params["axes"]), keepdims=0)
        return value if through is None else _cast(g, value, e.outvars[0].aval.dtype)

    return convert


def _reduce_prod(g: Graph, e: Any, x: list[str]) -> str:
    (axis,) = e.params["axes"]
    factors = [
        g.node("Gather", x[0], g.constant(i, np.int64), axis=axis)
        for i in range(e.invars[0].aval.shape[axis])
    ]
    return reduce(partial(g.node, "Mul"), factors)


def _cast(g: Graph, value: str, dtype: Any) -> str:
    return g.node("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _convert_element_type(g: Graph, e: Any, x: list[str]) -> str:
    new = e.params["new_dtype"]
    return x[0] if e.invars[0].aval.dtype == new else _cast(g, x[0], new)


def _dot_general(g: Graph, e: Any, x: list[str]) -> str:
    (left, right), (batch_left, batch_right) = e.params["dimension_numbers"]
    ranks = [len(v.aval.shape) for v in e.invars]
    if ranks == [2, 2] and tuple(left) == (1,) and tuple(right) == (0,) and not batch_left:
        return g.node("MatMul", *x)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    one = [next(letters) for _ in range(ranks[0])]
    two = [next(letters) for _ in range(ranks[1])]
    for i, j in (*zip(left, right, strict=True), *zip(batch_left, batch_right, strict=True)):
        two[j] = one[i]
    batch = [one[i] for i in batch_left]
    free = [c for i, c in enumerate(one) if i not in (*left, *batch_left)]
    free += [c for j, c in enumerate(two) if j not in (*right, *batch_right)]
    return g.node("Einsum", *x, equation=f"{''.join(one)},{''.join(two)}->{''.join(batch + free)}")


def _gather(g: Graph, e: Any, x: list[str]) -> str:
    """Elements, or whole rows along the dimensions that are not indexed; indices are inside by construction."""
    numbers, operand, indices = e.params["dimension_numbers"], *[v.aval for v in e.invars]
    indexed = tuple(numbers.start_index_map)
    others = [i for i in range(operand.ndim) if i not in indexed]
    sizes = e.params["slice_sizes"]
    if (
        set(numbers.collapsed_slice_dims) != set(indexed)
        or numbers.operand_batching_dims
        or any(sizes[i] != operand.shape[i] for i in others)
    ):
        raise InputError(f"ONNX: no conversion of this gather: {numbers}, sizes {sizes} of {operand.shape}")
    order = [*indexed, *others]
    value = x[0] if order == sorted(order) else g.node("Transpose", x[0], perm=order)
    at = _cast(g, x[1], np.int64)
    last = np.array([operand.shape[i] - 1 for i in indexed], np.int64)
    at = g.node("Min", g.node("Max", at, g.constant(np.zeros_like(last))), g.constant(last))
    found = g.node("GatherND", value, at)  # [dimensions of the indices, other dimensions]
    kept, batch = list(numbers.offset_dims), iter(range(indices.ndim - 1))
    rank = indices.ndim - 1 + len(others)
    perm = [indices.ndim - 1 + kept.index(i) if i in kept else next(batch) for i in range(rank)]
    return found if perm == sorted(perm) else g.node("Transpose", found, perm=perm)


def _select_n(g: Graph, e: Any, x: list[str]) -> str:
    if len(x) != 3 or e.invars[0].aval.dtype != bool:
        raise InputError("ONNX: no conversion of a choice among more than two")
    return g.node("Where", x[0], x[2], x[1])


def _is_finite(g: Graph, e: Any, x: list[str]) -> str:
    return g.node("Not", g.node("Or", g.node("IsNaN", x[0]), g.node("IsInf", x[0])))


def _iota(g: Graph, e: Any, x: list[str]) -> str:
    shape, dimension = e.params["shape"], e.params["dimension"]
    if any(rows(d) for d in shape):
        raise InputError("ONNX: events are numbered")
    along = [1] * len(shape)
    along[dimension] = -1
    numbers = np.arange(shape[dimension], dtype=e.params["dtype"]).reshape(along)
    return g.constant(np.broadcast_to(numbers, shape))


def _cbrt(g: Graph, e: Any, x: list[str]) -> str:
    size = g.node("Pow", g.node("Abs", x[0]), _number(g, e, 1.0 / 3.0))
    return g.node("Mul", g.node("Sign", x[0]), size)


def _negated(kind: str) -> Converter:
    return lambda g, _, x: g.node("Not", g.node(kind, *x))


def _shifted(inside: bool) -> Converter:
    """log(1 + x) or exp(x) - 1."""

    def convert(g: Graph, e: Any, x: list[str]) -> str:
        one = _number(g, e, 1.0)
        if inside:
            return g.node("Log", g.node("Add", x[0], one))
        return g.node("Sub", g.node("Exp", x[0]), one)

    return convert


def _same(g: Graph, e: Any, x: list[str]) -> list[str]:
    return x


CONVERTERS: dict[str, Converter] = {
    **{
        name: _plain(kind)
        for name, kind in {
            "abs": "Abs",
            "add": "Add",
            "add_any": "Add",
            "and": "And",
            "ceil": "Ceil",
            "cos": "Cos",
            "div": "Div",
            "eq": "Equal",
            "exp": "Exp",
            "floor": "Floor",
            "ge": "GreaterOrEqual",
            "gt": "Greater",
            "le": "LessOrEqual",
            "log": "Log",
            "logistic": "Sigmoid",
            "lt": "Less",
            "max": "Max",
            "min": "Min",
            "mul": "Mul",
            "neg": "Neg",
            "not": "Not",
            "or": "Or",
            "pow": "Pow",
            "sign": "Sign",
            "sin": "Sin",
            "sqrt": "Sqrt",
            "sub": "Sub",
            "tanh": "Tanh",
            "xor": "Xor",
        }.items()
    },
    "asinh": _asinh,
    "broadcast_in_dim": _broadcast_in_dim,
    "cbrt": _cbrt,
    "clamp": lambda g, e, x: g.node("Min", g.node("Max", x[1], x[0]), x[2]),
    "concatenate": lambda g, e, x: g.node("Concat", *x, axis=e.params["dimension"]),
    "convert_element_type": _convert_element_type,
    "copy": _same,
    "copy_p": _same,
    "cosh": _hyperbolic("Add"),
    "dot_general": _dot_general,
    "exp2": lambda g, e, x: g.node("Pow", _number(g, e, 2.0), x[0]),
    "expand_dims": _reshape,
    "expm1": _shifted(False),
    "gather": _gather,
    "integer_pow": _integer_pow,
    "iota": _iota,
    "is_finite": _is_finite,
    "log1p": _shifted(True),
    "ne": _negated("Equal"),
    "optimization_barrier": _same,
    "reduce_and": _reduce("ReduceMin", np.int32),
    "reduce_max": _reduce("ReduceMax"),
    "reduce_min": _reduce("ReduceMin"),
    "reduce_or": _reduce("ReduceMax", np.int32),
    "reduce_prod": _reduce_prod,
    "reduce_sum": _reduce("ReduceSum"),
    "rem": lambda g, e, x: g.node("Mod", *x, fmod=1),
    "reshape": _reshape,
    "rsqrt": lambda g, e, x: g.node("Div", _number(g, e, 1.0), g.node("Sqrt", x[0])),
    "select_n": _select_n,
    "sinh": _hyperbolic("Sub"),
    "slice": _slice,
    "square": lambda g, e, x: g.node("Mul", x[0], x[0]),
    "squeeze": _reshape,
    "stack": _stack,
    "stop_gradient": _same,
    "transpose": lambda g, e, x: g.node("Transpose", x[0], perm=list(e.params["permutation"])),
    "unstack": _unstack,
}
