"""Unweighted parton-level events of the built-in generator: momenta, flavours, colour flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from momentax.config import PartonCuts, PhysicsConfig
from momentax.pdf import PdfSet
from momentax.processes import Hypothesis
from momentax.processes.base import Model, Options
from momentax.simulate.generate import sampler_of
from momentax.simulate.matrix_element import PARTONS, differential, flavour_shares, process_of
from momentax.simulate.sampler import Sampler, stream_key
from momentax.simulate.unweight import Keep, Trials, context, run_trials, unweight
from momentax.simulate.visible import visible_cross_section
from momentax.transfer import Detector

Array = jax.Array
Progress = Callable[[int, int], None]
CUT_TRIALS = 200_000
"""Weighted trials from which the cross section after the cuts on the partons is found."""
LEPTONS, QUARKS = ("lep_plus", "lep_minus"), ("b", "bbar")


def parton_filter(cuts: PartonCuts) -> Keep | None:
    """Which trials pass cuts on their partons in the frame of k_T = 0; None if every cut is off."""
    limits = [
        (LEPTONS, cuts.lepton_pt_min, cuts.lepton_eta_max),
        (QUARKS, cuts.b_pt_min, cuts.b_eta_max),
    ]
    if all(value is None for _, *values in limits for value in values):
        return None

    def keep(trials: Trials) -> np.ndarray:
        passed = np.ones(len(trials.accept), dtype=bool)
        for names, pt_min, eta_max in limits:
            for p in (trials.hard[name] for name in names):
                pt = np.hypot(np.asarray(p.x), np.asarray(p.y))
                if pt_min is not None:
                    passed &= pt > pt_min
                if eta_max is not None:
                    passed &= np.abs(np.asarray(p.z)) < pt * np.sinh(eta_max)
        return passed

    return keep


@dataclass
class PartonEvents:
    """Unweighted parton-level events: what an LHE file needs."""

    event: np.ndarray
    """Event ids, [n]."""
    weight: np.ndarray
    """1, or above 1 for an overweight event."""
    particles: tuple[str, ...]
    """Names of the final-state particles, in the order of the arrays below."""
    pdg: np.ndarray
    """PDG ids of the two incoming partons (from +z, from -z) and the final state, [n, 2 + particles]."""
    incoming: np.ndarray
    """(E, px, py, pz) of the incoming partons in the frame of k_T = 0, [n, 2, 4], GeV."""
    hard: np.ndarray
    """Final state in the frame of k_T = 0, [n, particles, 4]."""
    lab: np.ndarray
    """Final state in the laboratory, after the transverse boost by k_T, [n, particles, 4]."""
    scale: float
    """Factorisation and renormalisation scale, GeV."""
    alpha_s: float
    sigma_pb: float
    sigma_error: float
    """Of one pair of lepton flavours, before the cuts on the partons."""
    flow: np.ndarray
    """Colour flow of two gluons, [n]: 1 quark - gluon from +z - gluon from -z - antiquark, 2 with the gluons
    exchanged; 0 where there is only one flow (quarks, a colour singlet)."""
    passed_pb: float
    passed_error: float
    """Cross section of one pair of lepton flavours after the cuts on the partons."""
    n_flavours: int
    """Pairs of lepton flavours among the events: all of them together have n_flavours * passed_pb."""


@cache
def _details(
    kind: str, options: Options
) -> Callable[[Array, Array, Array, Model], tuple[Array, Array, Array]]:
    """Compiled (points [n, dim], event ids [n], key of the colour flow, model) -> (weights of the flavours of the
    incoming partons, their momenta [n, 2, 4], colour flow 1 or 2 of two gluons)."""
    evaluate, flows = differential(kind, options), process_of(kind).flows

    @jax.jit
    def details(u: Array, event: Array, key: Array, model: Model) -> tuple[Array, Array, Array]:
        result = evaluate(u, model)
        beams = result.state.partons(model.sqrt_s)
        flow = jnp.zeros(event.shape, dtype=jnp.int32)
        if flows is not None:
            stream = jax.random.wrap_key_data(key, impl="threefry2x32")
            draw = jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(stream, i), dtype=jnp.float64))
            one, two = flows((*beams, *result.momenta), model.amplitude)
            flow = jnp.where(draw(event) * (one + two) < one, 1, 2)
        return flavour_shares(result, model), jnp.stack([p.stack() for p in beams], axis=-2), flow

    return details


def generate_partons(
    hypothesis: str | Hypothesis | Sampler,
    n: int,
    seed: int,
    physics: PhysicsConfig | None = None,
    *,
    first: int = 0,
    sample: str | None = None,
    lepton_flavours: str = "all",
    pdf: PdfSet | None = None,
    detector: Detector | None = None,
    cuts: PartonCuts | None = None,
    progress: Progress | None = None,
) -> PartonEvents:
    """``n`` unweighted events without detector and selection: momenta, flavours, colours, cross section.

    The arguments are those of :func:`generate`; without ``cuts`` on the partons the event of an id is the one
    that ``generate`` makes of it when there is no selection and no efficiency. The colour flow of an event is
    drawn from a stream of its own of (seed, sample, event id), with probabilities as the squared
    colour-ordered amplitudes.
    """
    sampler = sampler_of(hypothesis, physics, pdf, detector)
    # partons have not met the detector: no efficiency thins them
    unseen = sampler.model._replace(detector=sampler.model.detector._replace(efficiency=None))
    sampler = replace(sampler, model=unseen)
    name = sample if sample is not None else sampler.hypothesis.label
    given = context(sampler, seed, name, lepton_flavours)
    keep = parton_filter(cuts) if cuts is not None else None
    accepted = unweight(sampler, given, first, n, keep, progress)
    details = _details(sampler.kind, sampler.options)
    colour_key = jnp.asarray(stream_key(seed, "colour", name))
    flow: list[np.ndarray] = []
    pdg: list[np.ndarray] = []
    incoming: list[np.ndarray] = []
    hard: list[np.ndarray] = []
    lab: list[np.ndarray] = []
    names = process_of(sampler.kind).particles
    for start, chunk in run_trials(sampler, given, accepted.event, accepted.trial):
        rows = len(chunk.columns["met_pt"])
        ids = np.zeros(len(chunk.u), dtype=np.int64)
        ids[:rows] = accepted.event[start : start + rows]
        shares, beams, colours = (
            np.asarray(a)[:rows] for a in details(chunk.u, jnp.asarray(ids), colour_key, sampler.model)
        )
        cumulative = np.cumsum(shares, axis=1)
        target = np.asarray(chunk.parton)[:rows, None] * cumulative[:, -1:]
        partons = np.array(PARTONS)[np.minimum(np.sum(cumulative <= target, axis=1), len(PARTONS) - 1)]
        flow.append(np.where(partons[:, 0] == 21, colours, 0))
        pdg.append(np.concatenate([partons, _final_state_ids(names, chunk.columns)], axis=1))
        incoming.append(beams)
        for arrays, momenta in ((hard, chunk.hard), (lab, chunk.lab)):
            arrays.append(np.stack([np.asarray(momenta[k].stack())[:rows] for k in names], axis=1))
    passed = (sampler.sigma_pb, sampler.sigma_error)
    if keep is not None:
        passed = visible_cross_section(sampler, keep, n_trials=CUT_TRIALS)
    return PartonEvents(
        event=accepted.event,
        weight=accepted.weight,
        particles=names,
        pdg=np.concatenate(pdg),
        incoming=np.concatenate(incoming),
        hard=np.concatenate(hard),
        lab=np.concatenate(lab),
        scale=sampler.hypothesis.scale(),
        alpha_s=float(sampler.model.amplitude.alpha_s),
        sigma_pb=sampler.sigma_pb,
        sigma_error=sampler.sigma_error,
        flow=np.concatenate(flow),
        passed_pb=passed[0],
        passed_error=passed[1],
        n_flavours=len(given.flavours),
    )


def _final_state_ids(names: tuple[str, ...], columns: dict[str, np.ndarray]) -> np.ndarray:
    plus, minus = columns["lep_plus_pdgId"], columns["lep_minus_pdgId"]
    n = len(plus)
    ids = {
        "lep_plus": plus,
        "lep_minus": minus,
        "nu": 1 - plus,  # l+ = -11, -13 comes with nu = 12, 14
        "nubar": -1 - minus,
        "b": np.full(n, 5),
        "bbar": np.full(n, -5),
    }
    return np.stack([ids[name] for name in names], axis=1)
