"""Events of the built-in generator in the event schema, and their cross sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import awkward as ak
import numpy as np

from momentax.config import PhysicsConfig
from momentax.events.schema import to_records
from momentax.events.selection import Selection
from momentax.pdf import PdfSet
from momentax.processes import Hypothesis
from momentax.simulate.sampler import Sampler, train
from momentax.simulate.unweight import Accepted, Keep, context, run_trials, unweight
from momentax.transfer import Detector

Cuts = Selection | Mapping[str, Any] | Keep | None
Progress = Callable[[int, int], None]


def selection_of(cuts: Cuts) -> Selection | Keep | None:
    return Selection.from_keywords(cuts) if isinstance(cuts, Mapping) else cuts


def sampler_of(
    given: str | Hypothesis | Sampler,
    physics: PhysicsConfig | None,
    pdf: PdfSet | None,
    detector: Detector | None,
) -> Sampler:
    return given if isinstance(given, Sampler) else train(given, physics, pdf=pdf, detector=detector)


def generate(
    hypothesis: str | Hypothesis | Sampler,
    n: int,
    seed: int,
    physics: PhysicsConfig | None = None,
    selection: Cuts = None,
    *,
    first: int = 0,
    sample: str | None = None,
    lepton_flavours: str = "all",
    pdf: PdfSet | None = None,
    detector: Detector | None = None,
    progress: Progress | None = None,
) -> tuple[ak.Array, dict[str, Any]]:
    """``n`` selected events of a hypothesis and what is known of them.

    Parameters
    ----------
    hypothesis
        Label, hypothesis or trained sampler (:func:`momentax.simulate.train`; trained here otherwise).
    n, first
        Events first, ..., first + n - 1 of the sample: each depends on (seed, sample, event id) alone.
    selection
        Selection or its keywords; None keeps every event. Events are made until ``n`` have passed.
    sample
        Name in the ``sample`` field and of the random stream; the hypothesis' label by default.
    lepton_flavours
        "all" (ee and mumu, for ttbar also emu and mue, equally often), "ee", "mumu" or, for ttbar, "emu".
    progress
        Called with (events done, n).

    Returns
    -------
    events
        Awkward array in the event schema with truth; ``weight`` is 1, or above 1 for an event that exceeded
        the maximum of the unweighting.
    info
        sigma_pb, sigma_error (one pair of lepton flavours), sigma_vis_pb, sigma_vis_error; acceptance of the
        selection and mean_efficiency after it (1 where the detector has none), whose product is their ratio, each
        with its error; n_trials, efficiency (of the unweighting and all else: events by trials),
        overweight_fraction, max_weight.

    Raises ConfigError and PhysicsError as :func:`train`, ConfigError if nothing passes the selection.
    """
    sampler, cuts = sampler_of(hypothesis, physics, pdf, detector), selection_of(selection)
    name = sample if sample is not None else sampler.hypothesis.label
    given = context(sampler, seed, name, lepton_flavours)
    accepted = unweight(sampler, given, first, n, cuts, progress)
    chunks = [chunk for _, chunk in run_trials(sampler, given, accepted.event, accepted.trial)]
    columns = {key: np.concatenate([c.columns[key] for c in chunks]) for key in chunks[0].columns}
    efficiency = np.concatenate([np.asarray(c.efficiency) for c in chunks])[:n]
    columns |= {
        "event": accepted.event,
        "sample": np.zeros(n, dtype=np.int16),
        "weight": accepted.weight,
        "mH": np.full(n, float(getattr(sampler.hypothesis, "mH", 0.0))),
        "mA": np.full(n, float(getattr(sampler.hypothesis, "mA", 0.0))),
    }
    info = _info(sampler, accepted, efficiency)
    return to_records(columns, [name], {"simulation": info}), info


def _info(sampler: Sampler, accepted: Accepted, efficiency: np.ndarray) -> dict[str, Any]:
    n, w = len(accepted.weight), accepted.weight
    visible = sampler.w_max * float(w.sum()) / accepted.n_trials
    relative = float(np.sqrt(np.sum(w**2))) / float(w.sum())
    # events were kept with their efficiency: the mean before that is the harmonic one of what is left
    passed = w / efficiency
    mean = float(w.sum() / passed.sum())
    mean_error = mean * float(np.sqrt(np.sum((w - mean * passed) ** 2)) / w.sum())
    acceptance = visible / mean / sampler.sigma_pb
    passed_relative = float(np.sqrt(np.sum(passed**2)) / passed.sum())
    return {
        "hypothesis": sampler.hypothesis.label,
        "sigma_pb": sampler.sigma_pb,
        "sigma_error": sampler.sigma_error,
        "sigma_vis_pb": visible,
        "sigma_vis_error": visible * relative,
        "acceptance": acceptance,
        "acceptance_error": acceptance
        * float(np.hypot(passed_relative, sampler.sigma_error / sampler.sigma_pb)),
        "mean_efficiency": mean,
        "mean_efficiency_error": mean_error,
        "n_events": n,
        "n_trials": accepted.n_trials,
        "efficiency": n / accepted.n_trials,
        "overweight_fraction": float(np.mean(accepted.weight > 1.0)),
        "max_weight": float(accepted.weight.max()),
    }


def cross_section(
    hypothesis: str | Hypothesis | Sampler,
    physics: PhysicsConfig | None = None,
    *,
    pdf: PdfSet | None = None,
    detector: Detector | None = None,
) -> tuple[float, float]:
    """(cross section, standard deviation) in pb of one pair of lepton flavours, with parton-level cuts."""
    sampler = sampler_of(hypothesis, physics, pdf, detector)
    return sampler.sigma_pb, sampler.sigma_error


__all__ = ["cross_section", "generate"]
