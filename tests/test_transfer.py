"""Transfer functions: normalisation, positivity, sampling, agreement with the simulation they come from."""

import json
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import kstest, norm

from momentax.errors import ConfigError, InputError
from momentax.transfer import (
    BinnedTransfer,
    GaussianTransfer,
    binned_detector,
    default_detector,
    transfer_from_counts,
)
from momentax.transfer.table import load_binned_transfer

RESPONSE = json.loads((Path(__file__).parent / "data" / "transfer" / "response_quantiles.json").read_text())
TRANSFERS = {
    "lepton": default_detector().electron,
    "bjet": default_detector().bjet,
    "noisy": GaussianTransfer(noise=5.0, stochastic=0.8, constant=0.04),
    "binned electron": binned_detector().electron,
    "binned muon": binned_detector().muon,
    "binned bjet": binned_detector().bjet,
}
OBJECTS = {"electron": "binned electron", "muon": "binned muon", "b_preFSR": "binned bjet"}


@pytest.fixture(params=TRANSFERS)
def transfer(request):
    return TRANSFERS[request.param]


def test_log_density_is_the_logarithm(transfer):
    """Where the density does not underflow, and beyond; in single precision too."""
    e_rec, e_gen = 60.0, jnp.geomspace(5.0, 800.0, 40)
    log = transfer.log_density(e_rec, e_gen)
    assert np.all(np.isfinite(log))
    density = np.asarray(transfer.density(e_rec, e_gen))
    there = density > 1e-250
    assert there.sum() > 5
    np.testing.assert_allclose(log[there], np.log(density[there]), rtol=1e-10, atol=1e-10)
    single = jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), transfer)
    low = single.log_density(jnp.float32(e_rec), e_gen.astype(jnp.float32))
    assert low.dtype == jnp.float32
    np.testing.assert_allclose(low, log, rtol=3e-5, atol=3e-5)


density = jax.jit(lambda transfer, e_rec, e_gen: transfer.density(e_rec, e_gen))
sample = jax.jit(lambda transfer, u, e_gen: transfer.sample(u, e_gen))


def integrate(transfer, e_gen):
    """Integral of T over e_rec in (0, 60 e_gen): 5 Gauss points in each of many intervals without kinks."""
    edges = e_gen * np.concatenate([np.linspace(0, 3, 3001), np.linspace(3, 60, 1001)[1:]])
    if isinstance(transfer, BinnedTransfer):
        # shapes are linear between these
        row, mix = transfer._row(jnp.asarray(e_gen))
        center, width = (float(a) for a in transfer._peak(row, mix, e_gen))
        knots = center + width * (float(transfer.z_first) + np.arange(transfer.shape.shape[1]) * 0.1)
        edges = np.unique(np.concatenate([edges, knots[knots > 0]]))
    node, weight = np.polynomial.legendre.leggauss(5)
    width = np.diff(edges)[:, None]
    e_rec = edges[:-1, None] + 0.5 * (node + 1.0) * width
    return np.sum(0.5 * weight * width * np.asarray(density(transfer, e_rec, e_gen)))


@pytest.mark.parametrize("e_gen", [3.0, 9.0, 14.1, 20.0, 47.3, 111.0, 380.0, 1200.0, 5000.0])
def test_normalised_over_e_rec(transfer, e_gen):
    """Also outside the table (10 to 1300 GeV for b, 10 to 900 GeV for leptons)."""
    assert integrate(transfer, e_gen) == pytest.approx(1.0, abs=1e-9)


def test_never_zero(transfer):
    e_rec, e_gen = np.meshgrid(np.geomspace(0.1, 1e4, 60), np.geomspace(1e-3, 1e4, 60))
    value = np.asarray(density(transfer, e_rec, e_gen))
    assert np.all(value > 0) and np.all(np.isfinite(np.log(value)))
    slope = jax.jit(jax.vmap(jax.grad(transfer.density, argnums=1)))(e_rec.ravel(), e_gen.ravel())
    assert np.all(np.isfinite(slope))


def test_continuous_in_e_gen(transfer):
    """The largest step shrinks with the spacing: no jump at a node, an end of the table, or a tail."""
    e_gen = np.geomspace(5.0, 3000.0, 200_001)
    for e_rec in (8.0, 60.0, 700.0):
        value = np.log(np.asarray(density(transfer, e_rec, e_gen)))
        inside = value > -100  # further out a Gaussian is steep, and bounded at exp(-600)
        step = np.abs(np.diff(value))[inside[1:] & inside[:-1]]
        # a Gaussian of relative width 0.012 has d ln T / d ln E up to sqrt(200)/0.012; spacing 3.2e-5
        assert step.max() < np.sqrt(200.0) / 0.011 * 3.2e-5 * 1.2


def test_derivative_in_e_gen(transfer):
    e_gen = np.array([21.3, 55.5, 123.4, 310.0])
    e_rec, h = 0.97 * e_gen, 1e-5 * e_gen
    slope = jax.vmap(jax.grad(transfer.density, argnums=1))(e_rec, e_gen)
    difference = (transfer.density(e_rec, e_gen + h) - transfer.density(e_rec, e_gen - h)) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-4, atol=1e-7)


def test_sample_follows_density(transfer):
    """Kolmogorov-Smirnov, 20,000 samples, fixed seed; fails by chance in 0.1 % of seeds per
    energy.
    """
    rng = np.random.default_rng(20261121)
    for e_gen in (6.0, 35.0, 240.0):
        x = np.asarray(sample(transfer, rng.random(20_000), e_gen))
        grid = np.linspace(0.0, 6 * e_gen, 60_001)
        value = np.asarray(density(transfer, grid, e_gen))
        cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (value[1:] + value[:-1]) * np.diff(grid))])
        assert np.all(x > 0)
        assert kstest(x, lambda e: np.interp(e, grid, cumulative)).pvalue > 1e-3  # noqa: B023


def test_sample_inverts_the_distribution(transfer):
    u = np.linspace(0.001, 0.999, 41)
    x = np.asarray(sample(transfer, u, 50.0))
    node, weight = np.polynomial.legendre.leggauss(8)
    edges = np.linspace(x[:-1], x[1:], 65)
    width = np.diff(edges, axis=0)[..., None]
    inside = np.asarray(density(transfer, edges[:-1][..., None] + 0.5 * (node + 1) * width, 50.0))
    np.testing.assert_allclose(np.sum(0.5 * weight * width * inside, axis=(0, 2)), np.diff(u), rtol=1e-4)
    ends = np.asarray(sample(transfer, np.array([0.0, 1.0]), 50.0))
    assert np.all(np.isfinite(ends)) and ends[0] < x[0] and ends[1] > x[-1]


def test_gaussian_formula():
    bjet = default_detector().bjet
    e_gen, e_rec = 64.0, 50.0
    sigma = e_gen * np.sqrt(1.0 / e_gen + 0.10**2)
    expected = norm.pdf(e_rec, e_gen, sigma) / ndtr(e_gen / sigma)
    assert float(bjet.density(e_rec, e_gen)) == pytest.approx(expected, rel=1e-13)
    noisy = TRANSFERS["noisy"]
    sigma = np.sqrt(5.0**2 + 0.8**2 * 3.0 + 0.04**2 * 9.0)
    expected = norm.pdf(1.0, 3.0, sigma) / ndtr(3.0 / sigma)
    assert float(noisy.density(1.0, 3.0)) == pytest.approx(expected, rel=1e-13)
    assert float(default_detector().muon.sigma(100.0)) == pytest.approx(2.0, rel=1e-14)


@pytest.mark.parametrize("name", OBJECTS)
def test_binned_reproduces_the_simulation(name):
    """Median and central 68 % width of E_rec/E_gen in every bin of E_gen, against the unbinned pairs.

    Tolerance: 4 statistical standard errors, and of the width 1.5 % (median) and 4 % (width) for smoothing,
    bins of finite size and interpolation.
    """
    transfer = TRANSFERS[OBJECTS[name]]
    u = (np.arange(4000) + 0.5) / 4000
    checked = 0
    for row in RESPONSE[name]:
        # a bin no wider than the table's bins in E_rec - E_gen says nothing: muons below 25 GeV
        if name == "muon" and row["E_hi"] <= 25:
            continue
        ratio = np.asarray(sample(transfer, u, row["E_mean"])) / row["E_mean"]
        q16, median, q84 = np.quantile(ratio, [0.158655, 0.5, 0.841345])
        width = row["sigma68"]
        error = 1.25 * width / np.sqrt(row["n"])
        assert median == pytest.approx(row["median"], abs=4 * error + 0.015 * width)
        assert 0.5 * (q84 - q16) == pytest.approx(width, abs=4 * error + 0.04 * width)
        checked += 1
    assert checked >= 17


@pytest.mark.parametrize("name", OBJECTS)
def test_binned_reproduces_the_counts(name):
    """Mean and standard deviation of E_rec - E_gen over the core of the table, E_gen spread over the bin."""
    transfer = TRANSFERS[OBJECTS[name]]
    with np.load(str(resources.files("momentax") / "data" / "transfer_functions.npz")) as file:
        counts, e_edges, de_edges = (file[f"{name}_{k}"] for k in ("counts", "Egen_edges", "dE_edges"))
    rng = np.random.default_rng(1)
    center = 0.5 * (de_edges[1:] + de_edges[:-1])
    for i in np.flatnonzero(counts.sum(axis=1) > 2500):
        width = RESPONSE[name][i]["sigma68"] * RESPONSE[name][i]["E_mean"]
        if width < 1.2 * (de_edges[1] - de_edges[0]):
            continue
        # linear spectrum inside the bin with the bin's true mean
        e_gen = rng.uniform(e_edges[i], e_edges[i + 1], 20_000) + RESPONSE[name][i]["E_mean"]
        e_gen -= 0.5 * (e_edges[i] + e_edges[i + 1])
        model, _ = np.histogram(np.asarray(sample(transfer, rng.random(20_000), e_gen)) - e_gen, de_edges)
        core = np.abs(center) < 3 * width
        moments = []
        for histogram in (counts[i] * core, model * core):
            mean = np.average(center, weights=histogram)
            moments.append((mean, np.sqrt(np.average((center - mean) ** 2, weights=histogram))))
        (mean, rms), (model_mean, model_rms) = moments
        assert model_mean == pytest.approx(mean, abs=0.08 * width)
        assert model_rms == pytest.approx(rms, rel=0.06)


def test_outside_the_table_scales():
    bjet = TRANSFERS["binned bjet"]
    for inside, outside in ((1100.0, 4400.0), (15.0, 3.0)):
        ratio = np.linspace(0.2, 2.0, 50)
        np.testing.assert_allclose(
            outside * density(bjet, ratio * outside, outside),
            inside * density(bjet, ratio * inside, inside),
            rtol=1e-9,
        )


def test_likelihood_moments(transfer):
    """Against a plain Riemann sum over e_gen in the documented range, a batch of shape [2, 3]."""
    e_rec = np.array([[18.0, 35.0, 60.0], [110.0, 240.0, 800.0]])
    mean, sd = transfer.likelihood_moments(e_rec)
    assert mean.shape == sd.shape == (2, 3)
    binned = isinstance(transfer, BinnedTransfer)
    for index, e in np.ndenumerate(e_rec):
        relative = float(transfer.relative_width(e) if binned else transfer.sigma(e) / e)
        e_gen = np.linspace(e * np.exp(-6 * relative), e * np.exp(6 * relative), 200_001)
        weight = np.asarray(density(transfer, e, e_gen))
        expected = np.average(e_gen, weights=weight)
        assert mean[index] == pytest.approx(expected, rel=2e-4)
        assert sd[index] == pytest.approx(
            np.sqrt(np.average((e_gen - expected) ** 2, weights=weight)), rel=5e-3
        )


def histogram_table():
    rng = np.random.default_rng(0)
    e_edges, de_edges = np.array([20.0, 40.0, 80.0, 160.0]), np.linspace(-100.0, 100.0, 101)
    counts = [np.histogram(rng.normal(-2.0, 0.2 * e, 5000), de_edges)[0] for e in (30, 60, 120)]
    return np.array(counts), e_edges, de_edges


def test_gaussian_counts_give_a_gaussian():
    transfer = transfer_from_counts(*histogram_table())
    e_gen = 58.0
    x = e_gen - 2.0 + 0.2 * e_gen * np.linspace(-2, 2, 21)
    expected = norm.pdf(x, e_gen - 2.0, 0.2 * e_gen)
    np.testing.assert_allclose(transfer.density(x, e_gen), expected, rtol=0.12, atol=0.02 * expected.max())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, e, d: (c[:, :-1], e, d), r"counts have the shape \(3, 99\), the edges say \(3, 100\)"),
        (lambda c, e, d: (c, e[::-1], d), "edges of E_gen must be finite and rising"),
        (lambda c, e, d: (c, e, np.where(d == d[3], np.nan, d)), "edges of E_rec - E_gen must be finite"),
        (lambda c, e, d: (c, e - 20.0, d), "edges of E_gen must be > 0 GeV, the first is 0"),
        (lambda c, e, d: (-c, e, d), "counts must be finite and not negative"),
        (lambda c, e, d: (c // 100, e, d), "0 bins of E_gen have at least 200 counts"),
        (lambda c, e, d: (c, e, d, np.zeros((2, 2))), r"underover has the shape \(2, 2\), expected \(3, 2\)"),
    ],
)
def test_malformed_table(change, message):
    with pytest.raises(InputError, match=f"^my table: .*{message}"):
        transfer_from_counts(*change(*histogram_table()), where="my table")


def test_malformed_file(tmp_path):
    with pytest.raises(InputError, match=r"nothing.npz: cannot be read"):
        load_binned_transfer("muon", tmp_path / "nothing.npz")
    (tmp_path / "text.npz").write_text("no zip file")
    with pytest.raises(InputError, match=r"text.npz: cannot be read"):
        load_binned_transfer("muon", tmp_path / "text.npz")
    np.savez(tmp_path / "half.npz", muon_counts=np.ones((2, 2)))
    with pytest.raises(InputError, match="muon_counts is there but not muon_Egen_edges, muon_dE_edges"):
        load_binned_transfer("muon", tmp_path / "half.npz")
    with pytest.raises(ConfigError, match="has no object 'muons'; did you mean 'muon'"):
        load_binned_transfer("muons")


def test_batched_parameters():
    """Resolutions that vary along the batch, as over hypotheses."""
    batch = GaussianTransfer(0.0, jnp.array([0.0, 1.0]), jnp.array([0.02, 0.10]))
    value = jax.vmap(lambda t: t.density(48.0, 50.0))(batch._replace(noise=jnp.zeros(2)))
    assert float(value[0]) == pytest.approx(float(default_detector().muon.density(48.0, 50.0)), rel=1e-14)
    assert float(value[1]) == pytest.approx(float(default_detector().bjet.density(48.0, 50.0)), rel=1e-14)
