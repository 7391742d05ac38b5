"""Fits of transfer functions and recoil: the built-in detector comes back; figures of the showered samples."""

from itertools import pairwise
from pathlib import Path

import awkward as ak
import jax
import numpy as np
import pytest
from scipy.stats import chi2

from momentax.config import DetectorConfig
from momentax.errors import InputError
from momentax.events import read_events
from momentax.plots.transfer import directions, recoil, response
from momentax.simulate import generate
from momentax.transfer import RECOIL_PRESETS, detector_from_config, load_binned_transfer, transfer_from_counts
from momentax.transfer.closure import closure, closure_arrays, histograms_of
from momentax.transfer.fit import MIN_ENTRIES, count_table, fit_transfer_functions
from momentax.transfer.pairs import Pairs, matched_pairs
from momentax.transfer.recoil_fit import MixtureFit, fit_measurement, fit_mixture
from momentax.transfer.truncation import product_limit

EVENTS = Path(__file__).parent / "data" / "events"
OPEN = {"electron_pt_min": None, "muon_pt_min": None, "jet_pt_min": None, "mll_min": None}
CENTRAL = np.array([0.15865525, 0.5, 0.84134475])
N = 3000
sample = jax.jit(lambda transfer, u, e_gen: transfer.sample(u, e_gen))
density = jax.jit(lambda transfer, e_rec, e_gen: transfer.density(e_rec, e_gen))


@pytest.fixture(scope="module")
def builtin():
    """Events of the built-in generator without selection, and the fit to them."""
    events, _ = generate("hza_500_300", N, seed=11)
    return events, fit_transfer_functions(events)


@pytest.fixture(scope="module", params=["tt", "za_500_300"])
def showered(request):
    """(preset with its g(k_T), events, fit) of 600 events of Pythia."""
    events = read_events(EVENTS / f"{request.param}_600.root", **OPEN)
    preset = {"tt": "showered_ttbar", "za_500_300": "showered_hza"}[request.param]
    return preset, events, fit_transfer_functions(events)


def quantiles(transfer, e_gen):
    """16, 50 and 84 % quantiles of E_rec, [energies, 3]."""
    return np.asarray(sample(transfer, CENTRAL, np.asarray(e_gen)[:, None]))


@pytest.mark.parametrize("name", ["b_preFSR", "electron", "muon"])
def test_builtin_resolution_comes_back(builtin, name):
    """Width and median in the filled bins of E_gen, chi2 at 99.9 %.

    Errors for N pairs of a Gaussian: 0.962/sqrt(N) of half the central 68 %, 1.253/sqrt(N) widths of the median.
    """
    events, fitted = builtin
    pairs, table = matched_pairs(events)[0][name], fitted.tables[name]
    where = np.digitize(pairs.e_gen, table.e_edges) - 1
    filled = [i for i in range(len(table.counts)) if np.sum(where == i) >= MIN_ENTRIES]
    assert len(filled) >= 5
    e = np.array([pairs.e_gen[where == i].mean() for i in filled])
    n = np.array([np.sum(where == i) for i in filled])
    low, median, high = quantiles(fitted.transfers[name], e).T
    sigma = np.sqrt(e + (0.10 * e) ** 2) if name == "b_preFSR" else 0.02 * e
    width_pull = (0.5 * (high - low) / sigma - 1.0) * np.sqrt(n) / 0.962
    median_pull = (median - e) / sigma * np.sqrt(n) / 1.253
    limit = chi2.ppf(0.999, len(filled))
    assert (width_pull**2).sum() < limit, width_pull
    assert (median_pull**2).sum() < limit, median_pull


def test_builtin_recoil_comes_back(builtin):
    """g(k_T) by its distribution function (Kolmogorov's 99 % limit), sigma_u and c within 3 errors."""
    fitted = builtin[1]
    truth = MixtureFit(np.array([0.5, 0.35, 0.15]), np.array([10.0, 30.0, 80.0]))
    k = np.geomspace(0.5, 400.0, 500)
    assert np.abs(fitted.mixture.cdf(k) - truth.cdf(k)).max() < 1.63 / np.sqrt(N)
    found = fitted.measurement
    assert abs(found.sigma_u - 20.0) < 3 * found.sigma_u_error
    assert found.sigma_u_error == pytest.approx(20.0 / np.sqrt(4 * N), rel=0.25)
    assert abs(found.c) < 3 * found.c_error
    assert found.c_error < 0.03


def test_showered_events_have_the_recoil_of_the_presets(showered):
    """600 events each: g(k_T) of the presets (fitted to 3,000 others), the b loss counted as recoil.

    hza_500_300: c = 0.40 +- 0.05 along the measured directions, 0.50 +- 0.05 and a correlation of 0.53 along
    the true ones (0.57 in 3,000 events); ttbar: 0.31 +- 0.04, 0.38 +- 0.05, 0.32.
    """
    preset, _, fitted = showered
    weights, sigmas, _, c_preset = RECOIL_PRESETS[preset]
    k = np.geomspace(1.0, 1000.0, 500)
    distance = np.abs(fitted.mixture.cdf(k) - MixtureFit(np.array(weights), np.array(sigmas)).cdf(k)).max()
    assert distance < 1.63 / np.sqrt(600)
    facts, found = fitted.facts["recoil"], fitted.measurement
    c_true, error = facts["true_directions"]["c"]
    assert abs(c_true - c_preset) < 3 * error
    assert error < 0.07
    expected = {"showered_hza": (0.57, 0.40), "showered_ttbar": (0.33, 0.29)}[preset]  # of 3,000 events
    assert facts["true_directions"]["correlation_with_b_loss"] == pytest.approx(expected[0], abs=0.08)
    assert abs(found.c - expected[1]) < 3 * found.c_error
    assert found.c > 5 * found.c_error
    assert found.sigma_u < facts["sigma_without_c"]
    assert 17 < found.sigma_u < 27


def test_showered_b_jets_lose_energy_and_the_fit_follows(showered):
    """Medians and widths of E_rec/E_gen of the pairs in thirds of E_gen: 4 errors, and 5 % for wide bins."""
    _, events, fitted = showered
    pairs = matched_pairs(events)[0]["b_preFSR"]
    edges = np.quantile(pairs.e_gen, [0, 1 / 3, 2 / 3, 1])
    for low, high in pairwise(edges):
        inside = (pairs.e_gen >= low) & (pairs.e_gen < high)
        e, n = pairs.e_gen[inside], inside.sum()
        a, m, b = np.quantile(pairs.e_rec[inside] / e, CENTRAL)
        u = (np.arange(100) + 0.5) / 100
        drawn = sample(fitted.transfers["b_preFSR"], u, e[:, None]) / e[:, None]
        fit_a, fit_m, fit_b = np.quantile(np.asarray(drawn), CENTRAL)
        assert m < 0.96
        assert abs(fit_m - m) < 4 * 1.253 / np.sqrt(n) * 0.5 * (b - a)
        assert (fit_b - fit_a) / (b - a) == pytest.approx(1.0, abs=4 * 0.962 / np.sqrt(n) + 0.05)


def test_table_is_read_back_by_the_detector_of_the_configuration(showered, tmp_path):
    _, _, fitted = showered
    path = tmp_path / "table.npz"
    fitted.save_table(path)
    detector = detector_from_config(DetectorConfig.model_validate(fitted.config_section(path)))
    assert float(detector.recoil.sigma_u) == pytest.approx(fitted.measurement.sigma_u, rel=1e-3)
    mine, theirs = (jax.tree.flatten(d) for d in (fitted.detector(), detector))
    assert mine[1] == theirs[1]
    for a, b in zip(mine[0], theirs[0], strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))
    e_rec = np.geomspace(0.05, 20_000.0, 100_001)
    for name in fitted.tables:
        transfer = load_binned_transfer(name, path)
        for e_gen in (12.0, 60.0, 240.0, 900.0):
            value = np.asarray(density(transfer, e_rec, e_gen))
            assert np.all(value > 0)
            assert np.trapezoid(value * e_rec, np.log(e_rec)) == pytest.approx(1.0, abs=1e-3)


def test_closure_of_the_fit_and_its_figures(showered, tmp_path):
    """chi2 of the histograms beside the fit: overall below 1.5 a bin, no histogram above 4."""
    _, events, fitted = showered
    histograms = closure(events, fitted)
    values = {name: h.chi2() for name, h in histograms.items()}
    assert len(values) == 14
    assert sum(v for v, _ in values.values()) < 1.5 * sum(bins for _, bins in values.values()), values
    assert all(v < 4 * bins for v, bins in values.values()), values
    again = histograms_of(closure_arrays(histograms))
    assert len(response(again, "test").axes) == 18
    assert len(directions(again, "test").axes) == 6
    assert len(recoil(again, fitted.facts["recoil"], "test").axes) == 4
    np.testing.assert_array_equal(again["u"].counts, histograms["u"].counts)


def test_bins_are_filled_and_hold_every_pair():
    rng = np.random.default_rng(3)
    e_gen = 60.0 * np.exp(0.6 * rng.standard_normal(5000))
    e_rec = e_gen * (1.0 + 0.05 * rng.standard_normal(5000))
    table = count_table(Pairs(e_gen, e_rec, np.ones(5000), 5000, 5000), min_entries=400)
    total = table.counts.sum(axis=1) + table.underover.sum(axis=1)
    assert total.sum() == 5000
    assert np.all(total[:-2] >= 400) and np.all(total[-2:] < 200)
    assert table.underover.sum() < 20
    steps = np.diff(table.de_edges)
    assert np.ptp(steps) < 1e-9 * steps[0]
    widths = [0.05 * e for e in table.e_edges[:-3]]
    assert steps[0] < 0.6 * min(w for w in widths if w > 1.0)


@pytest.mark.parametrize("cut", [20.0, 30.0])
def test_threshold_on_measured_pt_is_undone(cut):
    """T put in: mean 0.88 E, width sqrt(E + (0.1 E)^2). Medians of the three lowest bins within 3.5 errors of it (the
    pairs of a bin less those that the treatment downweights); untreated the lowest is off by more than 5."""
    rng = np.random.default_rng(1)
    eta = rng.uniform(-2.4, 2.4, 40_000)
    e_gen = 60.0 * np.exp(0.6 * rng.standard_normal(40_000)) * np.cosh(eta)

    def width(e):
        return np.sqrt(1 / e + 0.01)

    e_rec = e_gen * (0.88 + width(e_gen) * rng.standard_normal(40_000))
    e_min = cut * np.cosh(eta)
    seen = e_rec > e_min
    cut_pairs = Pairs(e_gen[seen], e_rec[seen], np.ones(seen.sum()), 40_000, 40_000, e_min[seen])
    treated, raw = (count_table(p, 1000) for p in (cut_pairs, cut_pairs._replace(e_min=0.0)))
    edges = treated.e_edges[:4]
    assert edges[0] < 2 * cut

    def pulls(table):
        transfer, found = transfer_from_counts(*table), []
        for low, high in pairwise(edges):
            inside = (cut_pairs.e_gen >= low) & (cut_pairs.e_gen < high)
            e = cut_pairs.e_gen[inside].mean()
            error = 1.253 * width(e) / np.sqrt(0.7 * inside.sum())
            found.append((quantiles(transfer, [e])[0, 1] / e - 0.88) / error)
        return np.array(found)

    assert np.abs(pulls(treated)).max() < 3.5
    assert pulls(raw)[0] > 5


def test_product_limit():
    """Without a cut: the weights themselves. Three values of which the lowest is seen by half of the pairs only."""
    x = np.array([3.0, 1.0, 2.0])
    np.testing.assert_allclose(product_limit(x, np.zeros(3), np.array([1.0, 2.0, 1.0])), [0.25, 0.5, 0.25])
    x = np.repeat([1.0, 2.0, 2.0], [500, 500, 1000])
    limit = np.repeat([0.0, 0.0, 1.5], [500, 500, 1000])
    found = product_limit(x, limit)
    assert found[:500].sum() == pytest.approx(0.5, rel=1e-2)  # 500 of the 1000 that could show it


def test_measurement_fit_ignores_outliers():
    """c = 0.4, sigma_u = 15 in each axis, with 1 % of events displaced by 500 GeV."""
    rng = np.random.default_rng(5)
    loss = rng.normal(0, 25, (4000, 2))
    error = rng.normal(0, 15, (4000, 2)) - 0.4 * loss
    error[::100] += 500.0
    found = fit_measurement(error, loss)
    assert abs(found.c - 0.4) < 3 * found.c_error < 0.04
    assert abs(found.sigma_u - 15) < 3 * found.sigma_u_error < 0.6
    assert found.kept == pytest.approx(0.99)


def test_mixture_fit_of_many_events_in_any_order_and_unit_of_weight():
    rng = np.random.default_rng(6)
    sigma = rng.choice([12.0, 40.0, 120.0], p=[0.4, 0.4, 0.2], size=12_000)
    k_t = rng.normal(size=(12_000, 2)) * sigma[:, None]
    fit, shuffled = fit_mixture(k_t), fit_mixture(k_t[::-1])
    np.testing.assert_allclose(fit.sigmas, shuffled.sigmas, rtol=1e-6)
    k = np.geomspace(1, 500, 300)
    np.testing.assert_allclose(fit.cdf(k), fit_mixture(k_t, np.full(12_000, 2.5)).cdf(k), rtol=1e-9)
    truth = MixtureFit(np.array([0.4, 0.4, 0.2]), np.array([12.0, 40.0, 120.0]))
    assert np.abs(fit.cdf(k) - truth.cdf(k)).max() < 1.63 / np.sqrt(12_000)


def test_refusals(builtin):
    events, _ = builtin
    with pytest.raises(InputError, match=r"too few events \(200\).*electron: \d+ of \d+ pairs matched, 500"):
        fit_transfer_functions(events[:200])
    with pytest.raises(InputError, match="these have none"):
        fit_transfer_functions(ak.without_field(events, "truth"))
    with pytest.raises(InputError, match="at least 200 pairs"):
        fit_transfer_functions(events, min_entries=50)
    with pytest.raises(InputError, match="weights >= 0"):
        fit_transfer_functions(ak.with_field(events, -events.weight, "weight"))
    same = np.linspace(20, 200, 1000)
    with pytest.raises(InputError, match="copies of the truth"):
        count_table(Pairs(same, same, np.ones(1000), 1000, 1000))
    with pytest.raises(InputError, match="k_T is 0"):
        fit_mixture(np.zeros((300, 2)))


def test_unmatched_and_unknown_objects_are_left_out(builtin):
    events, _ = builtin
    some = events[:400]
    before, _ = matched_pairs(some)
    turned = ak.with_field(some, some.truth.b_is_j1 * 0 - 1, ("truth", "b_is_j1"))
    after, recoil_pairs = matched_pairs(turned)
    assert len(after["b_preFSR"].e_gen) == 0 and len(recoil_pairs.error) == 0
    assert len(after["muon"].e_gen) == len(before["muon"].e_gen)
    away = ak.with_field(some, some.truth.lep_plus.eta + 0.2, ("truth", "lep_plus", "eta"))
    moved, _ = matched_pairs(away)
    assert sum(len(moved[name].e_gen) for name in ("electron", "muon")) == 400
