"""What else the points of an integral tell: derivatives in parameters, and ratios to nearby hypotheses.

Grids and points are fixed, so numerator and denominator fluctuate together: with the replicates r = 1 ... R of a weight
W_r and of another quantity V_r over the same points, the ratio is sum V_r / sum W_r, and its error is the scatter of
V_r - ratio W_r, to first order in 1/R. For V = W of a nearby hypothesis or V = dW/d(parameter) most of it cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.integrate.batched import Adapted, BatchedIntegrator
from momentax.integrate.evaluate import REPLICATES, Sampled, per_replicate
from momentax.integrate.result import RATIO_DTYPE
from momentax.processes.base import IntegrandFn
from momentax.processes.observed import Observed

Moved = Callable[[Observed, Any, Any, Any], tuple[Observed, Any]]


def log_derivative(
    integrator: BatchedIntegrator,
    observed: Observed,
    event_ids: np.ndarray,
    kept: Adapted,
    moved: Moved,
    direction: Any,
) -> np.ndarray:
    """d ln W/dt of events whose weights have been integrated, [n] of :data:`RATIO_DTYPE`.

    The integrand is differentiated at fixed u: its maps move with the parameter where they do so continuously.

    Parameters
    ----------
    kept : from :meth:`BatchedIntegrator.integrate_and_keep` of the same events
    moved : (observed, model, direction, t) -> (observed, model) at a parameter moved by t; the same function object for
        the same parameter, as it is compiled once
    direction : pytree of numbers that ``moved`` wants
    """
    evaluate = partial(_derivative(integrator.integrand, moved), direction)
    return _ratios(integrator.again(evaluate, observed, event_ids, kept), len(event_ids), 1)[:, 0]


def ratios(
    integrator: BatchedIntegrator, observed: Observed, event_ids: np.ndarray, kept: Adapted, models: Any
) -> np.ndarray:
    """W_k/W of events whose weights have been integrated, [n, models] of :data:`RATIO_DTYPE`.

    ``models``: the other hypotheses' models, their leaves with a leading axis. They share the points and the grid that
    belong to the integrator's own model; the maps of resonances follow each model's masses.
    """
    count = jax.tree.leaves(models)[0].shape[0]
    evaluate = partial(_several(integrator.integrand), models)
    means = integrator.again(evaluate, observed, event_ids, kept)
    return _ratios(means, len(event_ids), count)


def of_variants(kept: Adapted, n: int) -> np.ndarray:
    """Ratios of the variants of an integration, [n, variants] of :data:`RATIO_DTYPE`."""
    return _ratios(kept.means.reshape(*kept.means.shape[:2], n, -1), n, len(kept.means) - 1)


def _ratios(means: np.ndarray, n: int, count: int) -> np.ndarray:
    """Ratios of means[1:] to means[0], [1 + count, REPLICATES, n, assignments]; NaN where there is nothing."""
    out = np.full((n, count), np.nan, dtype=RATIO_DTYPE)
    if not len(means):
        return out
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = means[0].mean(axis=0).sum(axis=1)  # [n]
        ratio = means[1:].mean(axis=1).sum(axis=2) / weight
        rest = (means[1:] - ratio[:, None, :, None] * means[0]) / weight[:, None]
        # the assignments have points of their own
        variance = rest.var(axis=1, ddof=1).sum(axis=2) / REPLICATES
    out["value"], out["error"] = ratio.T, np.sqrt(variance).T
    return out


_COMPILED: dict[Any, Callable] = {}


def _derivative(integrand: IntegrandFn, moved: Moved) -> Callable:
    """Compiled means of f and of df/dt: what :meth:`BatchedIntegrator.again` evaluates."""
    key = (integrand, moved)
    if key not in _COMPILED:

        @jax.jit
        def evaluate(direction, at: Sampled, observed, model):
            def mean(t: jax.Array) -> jax.Array:
                event, numbers = moved(observed, model, direction, t)
                return per_replicate(integrand(at.x, event, numbers) * at.jacobian)

            return jnp.stack(jax.jvp(mean, (0.0,), (1.0,)))

        _COMPILED[key] = evaluate
    return _COMPILED[key]


def _several(integrand: IntegrandFn) -> Callable:
    """Compiled means of f and of the other models' f over the same points."""
    key = (integrand, None)
    if key not in _COMPILED:

        @jax.jit
        def evaluate(models, at: Sampled, observed, model):
            def mean(one: Any) -> jax.Array:
                return per_replicate(integrand(at.x, observed, one) * at.jacobian)

            return jnp.concatenate([mean(model)[None], jax.lax.map(mean, models)])

        _COMPILED[key] = evaluate
    return _COMPILED[key]
