"""The reference integrator: the ``vegas`` package, one integral at a time (Lepage, J. Comput. Phys. 439, 110386)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import gvar
import numpy as np
import vegas

CHUNK = 4096
"""Points a compiled call evaluates: vegas asks for varying numbers, which are padded to multiples of this."""


class Integral(NamedTuple):
    """Value, standard deviation, chi2 of the iterations about their mean, degrees of freedom, evaluations."""

    value: float
    error: float
    chi2: float
    dof: int
    n_eval: int


class _NotANumberError(ArithmeticError):
    """The integrand was not a finite number somewhere."""


def integrate(
    f: Callable[[np.ndarray], np.ndarray],
    dim: int,
    n_eval: int,
    generator: np.random.Generator,
    iterations: int = 10,
    adaptation: float = 0.3,
    chunk: int = CHUNK,
    **settings: float,
) -> Integral:
    """Integral of ``f`` over the unit cube.

    Parameters
    ----------
    f : [chunk, dim] -> [chunk]
        Integrand, evaluated on batches of one fixed size.
    dim : int
        Dimension of the cube.
    n_eval : int
        Evaluations in all.
    generator : numpy Generator
        The only source of random numbers.
    iterations : int
        Iterations in all; the first ``adaptation`` share of them only adapts the grid.
    chunk : int
        Points that ``f`` wants at a time.
    settings
        Of ``vegas.Integrator``, such as ``alpha`` and ``beta``.

    Returns
    -------
    Integral: the unweighted mean of the iterations after adaptation, on a frozen grid, so that value and weight of an
    iteration are independent (an average weighted by inverse variances is biased low). Value and error are NaN where
    the integrand was not a number.
    """
    n_done = 0

    @vegas.lbatchintegrand
    def batched(x: np.ndarray) -> np.ndarray:
        nonlocal n_done
        n = len(x)
        n_done += n
        padded = np.concatenate([x, np.full((-n % chunk, dim), 0.5)])
        values = np.concatenate([np.asarray(f(padded[i : i + chunk])) for i in range(0, n, chunk)])[:n]
        if not np.all(np.isfinite(values)):
            raise _NotANumberError
        return values

    integrator = vegas.Integrator(
        [[0.0, 1.0]] * dim, ran_array_generator=lambda size: generator.random(size), **settings
    )
    n_adapt = max(1, round(adaptation * iterations))
    per_iteration = max(100, n_eval // iterations)
    try:
        warm_up = integrator(batched, nitn=n_adapt, neval=per_iteration)
        if not warm_up.sum_neval:
            return Integral(0.0, 0.0, 0.0, 0, 0)
        result = integrator(batched, nitn=max(2, iterations - n_adapt), neval=per_iteration, adapt=False)
    except _NotANumberError:
        return Integral(np.nan, np.nan, 0.0, 0, n_done)
    error = float(gvar.sdev(result))
    return Integral(
        float(gvar.mean(result)),
        error,
        float(result.chi2) if error > 0.0 else 0.0,
        int(result.dof),
        int(warm_up.sum_neval + result.sum_neval),
    )
