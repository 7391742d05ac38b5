"""The batched integrator against closed forms: values, honest errors, statuses, independence of batching."""

import os
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest, norm
from toy_integrand import DIM, events, peak

import momentax
from momentax.integrate import batched, grid, points
from momentax.integrate.batched import REPLICATES, TILE, BatchedIntegrator
from momentax.processes.observed import Observed, Particle
from momentax.weight import batched_integrator

PYTHIA = Path(__file__).parents[1] / "data/events/tt_600.root"


def toy(u, x: Observed, scale):
    """Product of three peaks; the swapped assignment exchanges b and bbar in two of them."""
    return (
        scale
        * peak(u[..., 0], x.b.e_rec, x.b.e_sd)
        * peak(u[..., 1], x.lep_plus.e_rec, x.lep_plus.e_sd)
        * peak(u[..., 2], x.bbar.e_rec, 2.0 * x.bbar.e_sd)
    )


def toy_exact(x: Observed, scale: float) -> np.ndarray:
    def content(p: Particle, stretch=1.0):
        return norm.cdf((1 - p.e_rec) / (stretch * p.e_sd)) - norm.cdf(-p.e_rec / (stretch * p.e_sd))

    one = content(x.b) * content(x.lep_plus) * content(x.bbar, 2.0)
    two = content(x.bbar) * content(x.lep_plus) * content(x.b, 2.0)
    return scale * np.stack([one, two], axis=1)


def integrator(integrand=toy, model=2.5, label="toy", **settings):
    return BatchedIntegrator(DIM, integrand, jnp.asarray(model), label, **settings)


def test_values_errors_and_pulls():
    x = events(200)
    ids = np.arange(200)
    result = integrator(relative_accuracy=0.05, n_eval=(4096,)).integrate(x, ids)
    exact = toy_exact(x, 2.5)
    assert (result["status"] == "ok").mean() > 0.98
    np.testing.assert_allclose(result["value_per_assignment"].sum(axis=1), result["value"], rtol=1e-14)
    pulls = (result["value"] - exact.sum(axis=1)) / result["error"]
    # mean of two Student-t (7 degrees of freedom) replicates' scatter: variance about 7/5; 5 sigma limits of 200 pulls
    assert abs(pulls.mean()) < 5 * np.sqrt(1.4 / 200)
    assert 0.7 < pulls.std() < 1.8
    # no bias: the weighted mean over all events within 5 standard errors
    ratio = result["value"] / exact.sum(axis=1)
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / np.sqrt(200)
    assert ratio.std() < 0.02


def test_error_falls_faster_than_plain_monte_carlo():
    x, ids = events(48, seed=3), np.arange(48)
    small = integrator(relative_accuracy=1e-9, n_eval=(4096,)).integrate(x, ids)
    large = integrator(relative_accuracy=1e-9, n_eval=(32768,)).integrate(x, ids)
    gain = np.median(small["error"]) / np.median(large["error"])
    assert gain > 1.5 * np.sqrt(8)  # plain Monte Carlo: sqrt(8)


def test_batching_and_order_do_not_change_bits():
    n = TILE + 5
    x, ids = events(n, seed=7), 1000 + np.arange(n)
    whole = integrator().integrate(x, ids)
    order = np.random.default_rng(1).permutation(n)
    shuffled = integrator().integrate(x.take(order), ids[order])
    parts = [
        integrator().integrate(x.take(slice(a, b)), ids[a:b])
        for a, b in ((0, 4), (4, 15), (15, n - 1), (n - 1, n))
    ]
    for other in (shuffled[np.argsort(order)], np.concatenate(parts)):
        for name in whole.dtype.names:
            np.testing.assert_array_equal(whole[name], other[name])


def test_tile_shapes_change_no_more_than_the_last_bits(monkeypatch):
    """1e-10 of every weight, error and status of real ttbar events in tiles of 16, 5 and 1 items."""
    here = momentax.read_events(PYTHIA, entry_stop=4)
    physics = {"integration": {"n_eval": (2048, 4096), "relative_accuracy": 0.02}}
    whole = momentax.weigh(here, "ttbar", physics)
    for tile in (5, 1):
        monkeypatch.setattr(batched, "TILE", tile)
        other = momentax.weigh(here, "ttbar", physics)
        np.testing.assert_allclose(other["value"], whole["value"], rtol=1e-10)
        np.testing.assert_allclose(other["error"], whole["error"], rtol=1e-6)
        assert np.array_equal(other["status"], whole["status"])
        assert np.array_equal(other["n_eval"], whole["n_eval"])


@pytest.mark.parametrize("accuracy, budget", [(0.005, 8192), (0.02, 8192), (0.04, 2048), (0.1, 1024)])
def test_budgets_start_where_errors_can_be_trusted_to_the_accuracy_asked(accuracy, budget):
    physics = momentax.config.PhysicsConfig(integration={"relative_accuracy": accuracy})
    hypothesis = momentax.processes.parse_hypothesis("ttbar")
    assert batched_integrator(hypothesis, None, physics).blocks[0] * batched.POINTS == budget


def test_seed_event_and_label_change_the_stream():
    x = events(4, seed=2)
    base = integrator().integrate(x, np.arange(4))["value"]
    for other in (
        integrator(seed=2).integrate(x, np.arange(4)),
        integrator(label="other").integrate(x, np.arange(4)),
        integrator().integrate(x, 10 + np.arange(4)),
    ):
        assert not np.any(other["value"] == base)


def test_statuses():
    def troubled(u, x, model):
        value = toy(u, x, model)
        value = jnp.where(x.lep_minus.e_rec > 10.0, 0.0, value)
        return jnp.where(x.lep_minus.e_rec < -10.0, jnp.nan, value)

    x = events(4, seed=5)
    x = x._replace(lep_minus=x.lep_minus._replace(e_rec=np.array([0.5, 20.0, -20.0, np.nan])))
    result = integrator(troubled).integrate(x, np.arange(4))
    assert list(result["status"]) == ["ok", "zero", "nan", "bad_input"]
    assert result["n_eval"][3] == 0 and np.isnan(result["value"][3])


def test_ladder_reports_what_does_not_converge():
    x = events(2, seed=5)
    result = integrator(relative_accuracy=1e-12, n_eval=(4096, 8192)).integrate(x, np.arange(2))
    assert list(result["status"]) == ["not_converged"] * 2
    assert np.all(result["n_eval"] >= 2 * (4096 + 8192))


def test_grid_refinement_keeps_the_measure():
    rng = np.random.default_rng(0)
    edges = grid.refine(grid.uniform_grid(3, 2), rng.exponential(size=(3, 2, grid.N_BINS)))
    assert np.all(np.diff(edges, axis=-1) > 0)
    np.testing.assert_allclose(edges[..., [0, -1]], np.broadcast_to([0.0, 1.0], (3, 2, 2)))
    u = points.shifted(points.sobol_integers(2, 4096)[None], np.zeros((3, 1, 2), dtype=np.uint32))
    x, jacobian, _ = grid.apply(edges, u)
    np.testing.assert_allclose(np.mean(jacobian, axis=1), 1.0, rtol=5e-3)  # Int dx = 1
    np.testing.assert_allclose(np.mean(jacobian * x[..., 0] ** 2, axis=1), 1 / 3, rtol=1e-2)


def test_refinement_ignores_unusable_sums():
    edges = grid.uniform_grid(2, 1)
    sums = np.stack([np.zeros((1, grid.N_BINS)), np.full((1, grid.N_BINS), np.nan)])
    np.testing.assert_allclose(grid.refine(edges, sums), edges, atol=1e-15)


@pytest.mark.parametrize("dim", [1, 10])
def test_shifted_points_are_uniform(dim):
    generator = points.stream(1, 2, "x")
    shift = points.digital_shifts(generator, 1, dim)
    u = np.asarray(points.shifted(points.sobol_integers(dim, 2048), shift))
    assert u.shape == (2048, dim) and (u > 0).all() and (u < 1).all()
    for k in range(dim):
        assert kstest(u[:, k], "uniform").statistic < 1.5 / 2048  # a net: far better than random
    assert REPLICATES >= 4


def test_errors_of_tiny_weights_do_not_underflow():
    """W of 1e-200: its square is zero in double precision, its error must not be."""
    x = events(40, seed=9)
    tiny = 2.0**-700
    result = integrator(model=tiny, n_eval=(4096,), relative_accuracy=1e-9).integrate(x, np.arange(40))
    pulls = (result["value"] - toy_exact(x, tiny).sum(axis=1)) / tiny / (result["error"] / tiny)
    assert np.all(result["status"] == "not_converged")
    assert 0.5 < np.std(pulls) < 2.0


def test_number_of_items_does_not_compile_the_refinement_again():
    for n in (3, 5, TILE + 3):
        integrator(n_eval=(4096,)).integrate(events(n), np.arange(n))
        if n == 3:
            compiled = grid.refine._cache_size()
    assert grid.refine._cache_size() == compiled


SEVERAL_DEVICES = """
import sys
import jax
import numpy as np
from test_batched import events, integrator
result = integrator(relative_accuracy=0.05, n_eval=(4096,)).integrate(events(50), np.arange(50))
np.save(sys.argv[1], result)
print(len(jax.devices()))
"""


def test_several_devices_give_the_same_bits(tmp_path):
    """Two virtual devices, each with half of a tile."""
    flags = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_ENABLE_X64": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL_DEVICES, str(tmp_path / "two.npy")],
        env=flags,
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "2"
    one = integrator(relative_accuracy=0.05, n_eval=(4096,)).integrate(events(50), np.arange(50))
    assert np.array_equal(np.load(tmp_path / "two.npy"), one)
