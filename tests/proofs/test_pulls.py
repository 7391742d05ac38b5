"""Errors of the batched integrator are honest: pulls of its weights against far larger integrals, and against vegas."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from scipy.stats import norm, t

import momentax

DATA = Path(__file__).parents[1] / "data/events"
SAMPLES = ("tt", "zbb", "za_500_300")
EACH = 168


def events_of(each):
    """The first of each Pythia sample: own and foreign events for every hypothesis."""
    return ak.concatenate([momentax.read_events(DATA / f"{name}_600.root")[:each] for name in SAMPLES])


def pulls_of(some, other):
    """(a - b)/error where a converged; errors come from eight replicates for each assignment of the jets: 7 to 14
    degrees of freedom, here mapped through Student's distribution of 10 to a normal one."""
    ok = some["status"] == "ok"
    pull = (some["value"] - other["value"]) / np.hypot(some["error"], other["error"])
    return norm.ppf(t.cdf(pull[ok], 10)), ok


@pytest.mark.proof
@pytest.mark.parametrize(
    "label, lost", [("drell_yan", 0.001), ("ttbar", 0.005), ("hza_500_300", 0.08), ("hza_200_50", 0.08)]
)
def test_pulls_are_standard_normal(label, lost):
    """504 (event, hypothesis) pairs with 2 % asked, against 65,536 points of other seeds: mean 0 +- 0.1, width 1 +- 0.1
    (both known to 0.045 and 0.03), and at most the share ``lost`` is not converged after the ladder.

    H -> ZA by itself, without its tables: far from the poles it may need them.
    """
    events = events_of(EACH)
    alone = {"mass_points": "separately"}
    ladder = momentax.weigh(events, label, {"integration": alone | {"relative_accuracy": 0.02}})
    large = {"n_eval": (8192, 65536), "relative_accuracy": 1e-5, "seed": 2}
    pulls, ok = pulls_of(ladder, momentax.weigh(events, label, {"integration": alone | large}))
    evaluations = np.median(ladder["n_eval"] / (1 if label.startswith("hza") else 2))
    print(
        f"{label}: mean {pulls.mean():+.3f}, width {pulls.std():.3f}, {np.sum(~ok)} of {len(ok)} not converged, "
        f"{evaluations:.0f} evaluations (median)"
    )
    assert len(pulls) >= 450
    assert abs(pulls.mean()) < 0.1
    assert abs(pulls.std() - 1.0) < 0.1
    assert np.mean(~ok) <= lost


@pytest.mark.proof
@pytest.mark.parametrize("label", ["drell_yan", "ttbar"])
def test_pulls_against_vegas(label):
    """48 pairs against the vegas package with 40,000 evaluations: mean 0 +- 0.43 and width 1 +- 0.31 are three standard
    deviations."""
    events = events_of(16)
    vegas = {"integrator": "vegas", "n_eval": (40_000,), "iterations": 10, "relative_accuracy": 0.5}
    pulls, _ = pulls_of(momentax.weigh(events, label), momentax.weigh(events, label, {"integration": vegas}))
    print(f"{label}: mean {pulls.mean():+.3f}, width {pulls.std():.3f}")
    assert len(pulls) >= 47
    assert abs(pulls.mean()) < 0.43
    assert abs(pulls.std() - 1.0) < 0.31
