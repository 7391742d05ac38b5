"""Observables by hand, and comparisons: chi2 of equal and of different samples, normalisation, files."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from momentax.errors import InputError
from momentax.events import read_events
from momentax.events.observables import (
    Comparison,
    compare,
    comparison_arrays,
    comparisons_of,
    histogram,
    observables,
)

FOLDER = Path(__file__).parents[1] / "data/events"


@pytest.fixture(scope="module")
def ttbar():
    return read_events(FOLDER / "tt_600.root")


@pytest.fixture(scope="module")
def signal():
    return read_events(FOLDER / "za_500_300_600.root")


def test_observables_by_hand(signal):
    values, weight = observables(signal)
    one = signal[7]
    assert len(weight) == len(signal)

    def p4(o):
        p = o.pt * np.array([np.cos(o.phi), np.sin(o.phi), np.sinh(o.eta)])
        return np.array([np.sqrt((p**2).sum() + max(o.mass, 0.0) ** 2), *p])

    def mass(p):
        return np.sqrt(p[0] ** 2 - (p[1:] ** 2).sum())

    leptons, jets = (one.lep_plus, one.lep_minus), (one.j1, one.j2)
    total = [sum(p4(o) for o in group) for group in (leptons, jets, leptons + jets)]
    expected = {
        "lepton_pt_1": max(o.pt for o in leptons),
        "lepton_pt_2": min(o.pt for o in leptons),
        "jet_pt_1": one.j1.pt,
        "jet_pt_2": one.j2.pt,
        "m_ll": mass(total[0]),
        "m_bb": mass(total[1]),
        "m_llbb": mass(total[2]),
        "pt_ll": np.hypot(*total[0][1:3]),
        "met": one.met.pt,
        "dr_bb": np.hypot(one.j1.eta - one.j2.eta, (one.j1.phi - one.j2.phi + np.pi) % (2 * np.pi) - np.pi),
    }
    for name, value in expected.items():
        assert values[name][7] == pytest.approx(value, rel=1e-9), name
    assert values["lepton_eta"][7] == pytest.approx([o.eta for o in leptons])
    assert values["jet_eta"][7] == pytest.approx([o.eta for o in jets])


def test_halves_of_a_sample_agree_and_processes_do_not(ttbar, signal):
    """chi2 of all observables of two halves: mean of the sum is its degrees of freedom, deviation sqrt(2 d)."""
    halves = compare(ttbar[::2], ttbar[1::2])
    chi2, degrees = np.sum([c.chi2() for c in halves.values()], axis=0)
    # observables are correlated: twice the deviation of independent ones, four times that
    assert abs(chi2 - degrees) < 4 * 2 * np.sqrt(2 * degrees)
    value, of = compare(signal, ttbar)["m_ll"].chi2()
    assert value > 20 * of


def test_normalisation_weights_and_bad_input(ttbar):
    heavy = ak.with_field(ttbar, ttbar.weight * 3.0, "weight")
    for c in compare(heavy, ttbar).values():
        density, error = c.densities()
        assert density[0] == pytest.approx(density[1]) and error[0] == pytest.approx(error[1])
        assert c.chi2()[0] == pytest.approx(0.0, abs=1e-9)
        # the central 98 % of the pooled samples
        assert 0.97 < (density[0] * np.diff(c.edges)).sum() <= 1.0
    assert compare(ttbar, ttbar)["lepton_eta"].totals == pytest.approx([2 * len(ttbar)] * 2)
    broken = ak.with_field(ttbar, ak.with_field(ttbar.j1, np.nan * ttbar.j1.pt, "pt"), "j1")
    with pytest.raises(InputError, match="0 and"):
        compare(broken, ttbar)


@pytest.mark.parametrize("apart", [None, 0.15])
def test_chi2_of_equal_shapes_is_one_also_with_two_entries_an_event(apart):
    """400 pairs of samples of 1,000 and 2,500 weighted events, 10 bins: mean 9, variance 18, in four of their errors; a
    twentieth below p = 0.05. With two entries in neighbouring bins, uncorrelated errors would give a variance of 30."""
    rng = np.random.default_rng(8)

    def sample(n):
        x = rng.normal(size=n)
        if apart is not None:
            x = np.stack([x, x + apart * rng.normal(size=n)], axis=1)
        return x, rng.choice([0.5, 1.0, 1.5], size=n)

    edges, found = np.linspace(-1.6, 1.6, 11), []
    for _ in range(400):
        pair = [sample(n) for n in (1000, 2500)]
        parts = zip(*(histogram(x, w, edges) for x, w in pair), strict=True)
        counts, covariances, entries = (np.stack(rows) for rows in parts)
        totals = np.array([w.sum() * x[0].size for x, w in pair])
        found.append(Comparison(edges, counts, covariances, entries, totals))
    chi2 = np.array([c.chi2()[0] for c in found])
    assert all(c.chi2()[1] == 9 for c in found)
    assert chi2.mean() == pytest.approx(9.0, abs=4 * np.sqrt(18 / 400))
    # kurtosis of chi2 with 9 degrees of freedom: 12/9 beyond that of a Gaussian
    assert chi2.var(ddof=1) == pytest.approx(18.0, abs=4 * 18.0 * np.sqrt((2 + 12 / 9) / 400))
    low = np.mean([c.probability() < 0.05 for c in found])
    assert low == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 400))


def test_comparisons_survive_a_file(ttbar, signal):
    found = compare(ttbar, signal)
    again = comparisons_of(comparison_arrays(found))
    assert list(again) == list(found)
    assert all(again[n].chi2() == found[n].chi2() for n in found)
