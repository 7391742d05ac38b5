"""A flat ONNX graph under construction, from the jaxpr of a function of arrays [n, ...] with a free n.

JAX is traced at one number of rows, `ROWS`, a prime that no other dimension has: every dimension that it divides is a
multiple of n in the graph. The conversion takes one pass over the equations (jax2onnx 0.17 needs a time quadratic in
their number, too long for the amplitudes of Drell-Yan). The graph is for float64: see `momentax.export.operations`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend import core
from onnx import NodeProto, TensorProto, helper, numpy_helper

from momentax.errors import InputError

ROWS = 10_007
OPSET = 21
"""Of ONNX; runtimes since 2024 have it."""
_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "checkpoint")
Converter = Callable[["Graph", Any, list[str]], "str | list[str]"]


def rows(size: int) -> int:
    """How many n a dimension is; 0 if it is a fixed one."""
    return size // ROWS if size % ROWS == 0 and size > 0 else 0


class Graph:
    """Nodes and constants so far; methods return the names of values."""

    def __init__(self, converters: dict[str, Converter]):
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self._converters = converters
        self._constants: dict[tuple[Any, ...], str] = {}
        self._sizes: dict[int, str] = {}
        self._n = 0

    def name(self) -> str:
        self._n += 1
        return f"v{self._n}"

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output."""
        out = self.name()
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A constant; equal ones are stored once."""
        a = np.asarray(value, dtype)
        if any(rows(d) for d in a.shape):
            raise InputError(f"ONNX: a constant of shape {a.shape} depends on the number of events")
        key = (a.dtype.str, a.shape, a.tobytes())
        if key not in self._constants:
            name = f"c{len(self._constants)}"
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(a).reshape(a.shape), name)
            self._constants[key] = name
        return self._constants[key]

    def ints(self, values: Sequence[int]) -> str:
        """An int64 vector of fixed numbers."""
        return self.constant(np.array(list(values), np.int64))

    def shape(self, sizes: Sequence[int]) -> str:
        """An int64 vector of dimensions (or positions), multiples of n among them."""
        if not any(rows(s) for s in sizes):
            return self.ints(sizes)
        return self.node(
            "Concat", *(self._size(rows(s)) if rows(s) else self.ints([s]) for s in sizes), axis=0
        )

    def _size(self, multiple: int) -> str:
        if multiple not in self._sizes:
            self._sizes[multiple] = self.node("Mul", "n", self.ints([multiple]))
        return self._sizes[multiple]

    def inline(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[str]) -> list[str]:
        """The equations of a jaxpr, with inner functions inlined; names of its results."""
        known: dict[Any, str] = {}

        def read(v: Any) -> str:
            return self.constant(v.val, np.asarray(v.val).dtype) if isinstance(v, core.Literal) else known[v]

        for v, c in zip(jaxpr.constvars, consts, strict=True):
            known[v] = self.constant(np.asarray(c))
        known.update(zip(jaxpr.invars, arguments, strict=True))
        for equation in _alive(jaxpr):
            values = [read(v) for v in equation.invars]
            found = self._convert(equation, values)
            for v, name in zip(equation.outvars, found, strict=True):
                known[v] = name
        return [read(v) for v in jaxpr.outvars]

    def _convert(self, equation: Any, values: list[str]) -> list[str]:
        kind = equation.primitive.name
        if kind in _CALLS:
            inner = next(equation.params[k] for k in _INNER if k in equation.params)
            return self.inline(inner.jaxpr, inner.consts, values)
        if kind == "scan":
            return self._unrolled(equation, values)
        if kind not in self._converters:
            raise InputError(
                f"ONNX: no conversion of the operation {kind!r} of JAX; export to StableHLO instead, or add it to "
                "momentax/export/operations.py"
            )
        found = self._converters[kind](self, equation, values)
        return [found] if isinstance(found, str) else found

    def _unrolled(self, equation: Any, values: list[str]) -> list[str]:
        """`jax.lax.scan` (and `map`) step by step."""
        p = equation.params
        body, n_consts = p["jaxpr"], p["num_consts"]
        n_fixed = n_consts + p["num_carry"]
        consts, carry, sequences = values[:n_consts], values[n_consts:n_fixed], values[n_fixed:]
        steps = []
        for i in range(p["length"])[:: -1 if p["reverse"] else 1]:
            here = [self.node("Gather", x, self.constant(i, np.int64), axis=0) for x in sequences]
            out = self.inline(body.jaxpr, body.consts, [*consts, *carry, *here])
            carry = out[: p["num_carry"]]
            steps.append(out[p["num_carry"] :])
        steps = steps[:: -1 if p["reverse"] else 1]
        return [*carry, *(self.stack(column, 0) for column in zip(*steps, strict=True))]

    def stack(self, values: Sequence[str], axis: int) -> str:
        """Along a new axis."""
        return self.node("Concat", *(self.node("Unsqueeze", v, self.ints([axis])) for v in values), axis=axis)


def _alive(jaxpr: Any) -> list[Any]:
    """The equations whose results are used."""
    wanted = {v for v in jaxpr.outvars if not isinstance(v, core.Literal)}
    kept = []
    for equation in reversed(jaxpr.eqns):
        if any(v in wanted for v in equation.outvars):
            kept.append(equation)
            wanted |= {v for v in equation.invars if not isinstance(v, core.Literal)}
    return kept[::-1]


def traced(function: Callable[..., Any], columns: Sequence[int], dtype: Any) -> Any:
    """The closed jaxpr of a function of arrays [n, columns[k]]."""
    return jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct((ROWS, k), dtype) for k in columns))
