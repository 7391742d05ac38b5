"""What is integrated: ttbar events with each assignment of their jets, as the integrand and as the flow see them."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import jax
import jax.numpy as jnp
import numpy as np

from momentax.config import PhysicsConfig
from momentax.errors import ConfigError, InputError
from momentax.integrate.batched import BatchedIntegrator
from momentax.processes.base import Hypothesis
from momentax.processes.observed import Observed
from momentax.regress.features import PAPER, paper
from momentax.regress.inputs import raw_inputs
from momentax.weight import batched_integrator, inputs


class Conditioned(NamedTuple):
    """An observed event with the inputs of the flow for both assignments: passes through the batched integrator."""

    observed: Observed
    inputs: tuple[np.ndarray, ...]
    """Of (b, bbar) = (j1, j2): standardised, one array [n] an input."""
    others: tuple[np.ndarray, ...]
    """Of (j2, j1)."""

    def swapped(self) -> Conditioned:
        """The other assignment."""
        return Conditioned(self.observed.swapped(), self.others, self.inputs)


class Items(NamedTuple):
    """Events of one hypothesis, ready to be integrated."""

    integrator: BatchedIntegrator
    """With the configured ladder."""
    observed: Observed
    event_ids: np.ndarray
    raw: np.ndarray
    """[n, 2, inputs]: inputs of the flow, the jets as (b, bbar)."""

    def take(self, part: slice) -> Items:
        """Some of the events."""
        return self._replace(
            observed=jax.tree.map(lambda a: a[part], self.observed),
            event_ids=self.event_ids[part],
            raw=self.raw[part],
        )


def prepare(events: ak.Array, hypothesis: Hypothesis, physics: PhysicsConfig) -> Items:
    """Events in the event schema as integrals.

    Raises InputError if any of them cannot be weighed: nothing is dropped, select events before; ConfigError where a
    weight is a sum over more than the two assignments.
    """
    if physics.detector.directions.kind != "exact":
        raise ConfigError(
            "flow: it knows exact directions alone; take physics.detector.directions: {kind: exact}"
        )
    pdf, detector, observed, ids = inputs(events, physics, hypothesis.kind)
    bad = ~np.all([np.isfinite(a) for a in jax.tree.leaves(observed)], axis=0)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} of {len(bad)} events cannot be weighed (the first is event {ids[bad][0]}): "
            "they have no place in a comparison of samplers; select others"
        )
    model = hypothesis.model(physics, pdf, detector)
    swapped = ak.with_field(ak.with_field(events, events["j2"], "j1"), events["j1"], "j2")
    raw = np.stack([flow_inputs(events), flow_inputs(swapped)], axis=1)
    return Items(batched_integrator(hypothesis, model, physics), observed, ids, raw)


def flow_inputs(events: ak.Array) -> np.ndarray:
    """Inputs [n, k] of the flow: those of the regressors, in a form that is smooth and has no long tails.

    Logarithms of the momenta; cosine and sine of the angles, as the two leptons are often back to back; and the
    logarithms of m(l+, b) and m(l-, bbar), which say how much of a top's mass is left for the neutrino.
    """
    columns = []
    for name, column in zip(PAPER, np.asarray(paper(jnp.asarray(raw_inputs(events)))).T, strict=True):
        if name.endswith("pt"):
            columns.append(np.log(np.maximum(column, 1.0)))
        elif name.startswith("dphi"):
            columns += [np.cos(column), np.sin(column)]
        else:
            columns.append(column)
    for lepton, jet in (("lep_plus", "j1"), ("lep_minus", "j2")):
        a, b = events[lepton], events[jet]
        deta, dphi = (np.asarray(a[v] - b[v]) for v in ("eta", "phi"))
        mass2 = 2.0 * np.asarray(a["pt"] * b["pt"]) * (np.cosh(deta) - np.cos(dphi))
        columns.append(0.5 * np.log(np.maximum(mass2, 1.0)))
    return np.stack(columns, axis=1)


def both(observed: Observed) -> Observed:
    """Events with each assignment of their jets: arrays [n] -> [2 n], the assignment running faster."""
    return jax.tree.map(lambda *a: np.stack(a, axis=1).reshape(-1), observed, observed.swapped())
