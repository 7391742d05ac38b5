"""Unweighting: which trials of which events are accepted, whatever the batches.

Event ``i`` of a sample owns the endless sequence of trials (seed, sample, i, 0), (seed, sample, i, 1), ...;
each is one counter-based random stream (threefry) with everything the trial needs. The event is the first
trial that passes the selection and the unweighting. So events do not depend on how many are made together,
in what order or in how many jobs.

The squared amplitude is evaluated only for trials whose measured event passes the selection: acceptance by
the selection and by the unweighting commute. Where the detector has an efficiency, a trial is kept with that
probability as well: it is a factor of the weight that is unweighted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import MASS_B
from momentax.errors import ConfigError
from momentax.events.selection import Selection, apply
from momentax.kinematics import FourVector
from momentax.processes.base import Model
from momentax.simulate.matrix_element import event_function, process_of
from momentax.simulate.response import N_UNIFORM, respond, truth_columns
from momentax.simulate.sampler import (
    CHUNK,
    Sampler,
    apply_grid,
    evaluate_chunked,
    stream_key,
    weight_function,
)

Array = jax.Array

FLAVOURS = {"ee": (0, 0), "mumu": (1, 1), "emu": (0, 1), "mue": (1, 0)}
"""(l+ is a muon, l- is a muon)."""
NEUTRAL = ("ee", "mumu")
MAX_CHUNKS = 16
"""Chunks of trials a round: enough that even a hard selection leaves a chunk to evaluate."""
HOPELESS = 100_000_000
"""Trials without a single accepted event after which the selection is declared impossible."""


class Trials(NamedTuple):
    """Trials of a chunk, before the squared amplitude is known."""

    u: Array
    """Point of the unit cube of the phase space, [n, dim]."""
    jacobian: Array
    """Of the frozen grid."""
    accept: Array
    """Uniform number of the unweighting."""
    parton: Array
    """Uniform number that chooses the flavours of the incoming partons."""
    columns: dict[str, Any]
    """Measured event and truth, flat columns of the schema."""
    hard: dict[str, FourVector]
    """Final state in the frame of k_T = 0."""
    lab: dict[str, FourVector]
    efficiency: Array
    """epsilon(y) of the detector, [n]; ones where it has none."""


class Context(NamedTuple):
    """What a trial depends on besides its numbers; a pytree of arrays."""

    key: Array
    edges: Array
    model: Model
    flavours: Array
    """Allowed lepton flavours, [k, 2], of which each trial takes one with equal probability."""


def context(sampler: Sampler, seed: int, sample: str, lepton_flavours: str) -> Context:
    """The context of a sample. Raises ConfigError for lepton flavours that the process does not have."""
    charged = "nu" in process_of(sampler.kind).particles
    allowed = tuple(FLAVOURS) if charged else NEUTRAL
    choices = {"all": allowed} | {f: (f,) for f in NEUTRAL} | ({"emu": ("emu", "mue")} if charged else {})
    if lepton_flavours not in choices:
        raise ConfigError(
            f"lepton flavours {lepton_flavours!r} of {sampler.hypothesis.label}: "
            f"choose one of {', '.join(choices)}"
        )
    table = np.array([FLAVOURS[f] for f in choices[lepton_flavours]], dtype=bool)
    key = jnp.asarray(stream_key(seed, "events", sample))
    return Context(key, jnp.asarray(sampler.edges), sampler.model, jnp.asarray(table))


@cache
def trial_function(kind: str, massless_b: bool) -> Callable[[Context, Array, Array], Trials]:
    """Compiled (context, event ids [CHUNK], trial numbers [CHUNK]) -> Trials."""
    process, event_of = process_of(kind), event_function(kind, massless_b)
    mass_b = 0.0 if massless_b and kind != "hza" else MASS_B

    @jax.jit
    def trials(given: Context, event: Array, trial: Array) -> Trials:
        key = jax.random.wrap_key_data(given.key, impl="threefry2x32")

        def numbers(i: Array, k: Array) -> Array:
            stream = jax.random.fold_in(jax.random.fold_in(key, i), k)
            return jax.random.uniform(stream, (process.dim + 3 + N_UNIFORM,), dtype=jnp.float64)

        r = jax.vmap(numbers)(event, trial)
        accept, lepton, parton = (r[:, process.dim + i] for i in range(3))
        u, jacobian = apply_grid(given.edges, r[:, : process.dim])
        hard = dict(zip(process.particles, event_of(u, given.model).momenta, strict=True))
        n = given.flavours.shape[0]
        muon = given.flavours[jnp.minimum((lepton * n).astype(jnp.int32), n - 1)]
        response = respond(
            hard, given.model.detector, (muon[:, 0], muon[:, 1]), mass_b, r[:, process.dim + 3 :]
        )
        columns = response.columns | truth_columns(response.lab, mass_b)
        seen = given.model.detector.efficiency
        pt_b = jnp.sqrt(response.lab["b"].pt2), jnp.sqrt(response.lab["bbar"].pt2)
        efficiency = jnp.ones_like(accept) if seen is None else seen.event((muon[:, 0], muon[:, 1]), pt_b)
        return Trials(u, jacobian, accept, parton, columns, hard, response.lab, efficiency)

    return trials


Keep = Callable[[Trials], np.ndarray]
"""Which trials of a chunk are kept, [CHUNK]: a selection of partons instead of measured events."""


@dataclass
class Accepted:
    """Accepted events in the order of their ids."""

    event: np.ndarray
    trial: np.ndarray
    weight: np.ndarray
    """1, or more for a trial above the maximum of the unweighting."""
    n_trials: int
    """Trials up to and including the accepted ones."""


def unweight(
    sampler: Sampler,
    given: Context,
    first: int,
    n: int,
    selection: Selection | Keep | None,
    progress: Callable[[int, int], None] | None = None,
) -> Accepted:
    """Accepted trials of the events first, ..., first + n - 1.

    Raises ConfigError if no event at all passes the selection in :data:`HOPELESS` trials.
    """
    event = np.arange(first, first + n, dtype=np.int64)
    trial = np.full(n, -1, dtype=np.int64)
    weight = np.zeros(n)
    tried = np.zeros(n, dtype=np.int64)
    pending, chunks, spent = np.arange(n), 1, 0
    while len(pending):
        repeats = max(1, chunks * CHUNK // len(pending))
        slots = pending[: max(1, chunks * CHUNK // repeats)]
        index = np.repeat(slots, repeats)
        number = (tried[slots][:, None] + np.arange(repeats)).ravel()
        survivor, w = _weights(sampler, given, event[index], number, selection)
        spent += len(index)
        if len(survivor) < CHUNK // 2:
            chunks = min(2 * chunks, MAX_CHUNKS)
        tried[slots] += repeats
        done, position = np.unique(index[survivor[w > 0.0]], return_index=True)
        hit = survivor[w > 0.0][position]
        trial[done], weight[done] = number[hit], w[w > 0.0][position]
        pending = pending[trial[pending] < 0]
        if spent > HOPELESS and len(pending) == n:
            raise ConfigError(
                f"{sampler.hypothesis.label}: no event passed the selection in {spent:,} trials; "
                "loosen the selection"
            )
        if progress is not None:
            progress(n - len(pending), n)
    return Accepted(event, trial, weight, int(np.sum(trial + 1)))


def _weights(
    sampler: Sampler,
    given: Context,
    event: np.ndarray,
    number: np.ndarray,
    selection: Selection | Keep | None,
) -> tuple[np.ndarray, np.ndarray]:
    """(rows that pass the selection, their event weight: 0 if the unweighting or the efficiency rejects them)."""
    rows, points, factors, accepts = [], [], [], []
    for start, chunk in run_trials(sampler, given, event, number):
        passed = selected(chunk, selection)
        rows.append(start + np.flatnonzero(passed))
        points.append(np.asarray(chunk.u)[: len(passed)][passed])
        factors.append(np.asarray(chunk.jacobian * chunk.efficiency)[: len(passed)][passed])
        accepts.append(np.asarray(chunk.accept)[: len(passed)][passed])
    point, factor, accept = (np.concatenate(a) for a in (points, factors, accepts))
    ratio = differential_weights(sampler, point) * factor / sampler.w_max
    return np.concatenate(rows), np.where(accept < ratio, np.maximum(ratio, 1.0), 0.0)


def differential_weights(sampler: Sampler, points: np.ndarray) -> np.ndarray:
    """d sigma/du, pb, at points [n, dim] of the unit cube."""
    weight = weight_function(sampler.kind, sampler.options)
    return evaluate_chunked(lambda u: weight(u, sampler.model), points)


def run_trials(
    sampler: Sampler, given: Context, event: np.ndarray, number: np.ndarray
) -> Iterator[tuple[int, Trials]]:
    """Yield (first row, Trials) chunk by chunk; the columns are cut to the true rows, other arrays not."""
    function = trial_function(sampler.kind, sampler.options.massless_b)
    for start in range(0, len(event), CHUNK):
        ids, k = event[start : start + CHUNK], number[start : start + CHUNK]
        pad = (0, CHUNK - len(ids))
        chunk = function(given, jnp.asarray(np.pad(ids, pad)), jnp.asarray(np.pad(k, pad)))
        columns = {name: np.asarray(values)[: len(ids)] for name, values in chunk.columns.items()}
        yield start, chunk._replace(columns=columns)


def selected(chunk: Trials, selection: Selection | Keep | None) -> np.ndarray:
    """Which of the trials with columns pass (all without a selection)."""
    columns = chunk.columns
    n = len(columns["met_pt"])
    if selection is None:
        return np.ones(n, dtype=bool)
    if not isinstance(selection, Selection):
        return selection(chunk)[:n]
    return apply({**columns, "event": np.arange(n), "weight": np.ones(n)}, selection)[0]
