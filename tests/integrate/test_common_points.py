"""Derivatives and ratios from the points of an integral, against closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest, norm
from toy_integrand import DIM, events, peak

from momentax.integrate import common_points
from momentax.integrate.batched import REPLICATES, BatchedIntegrator

N = 96


def shifted_peak(u, x, shift):
    """A peak of the event's width at its centre + shift, times two more that exchange with the assignment."""
    return (
        peak(u[..., 0], x.lep_plus.e_rec + shift, x.lep_plus.e_sd)
        * peak(u[..., 1], x.b.e_rec, x.b.e_sd)
        * peak(u[..., 2], x.bbar.e_rec, 2.0 * x.bbar.e_sd)
    )


def exact(x, shift=0.0):
    """The only factor that depends on the shift."""
    c, sd = x.lep_plus.e_rec + shift, x.lep_plus.e_sd
    return norm.cdf((1 - c) / sd) - norm.cdf(-c / sd)


def exact_derivative(x):
    c, sd = x.lep_plus.e_rec, x.lep_plus.e_sd
    return (norm.pdf(-c / sd) - norm.pdf((1 - c) / sd)) / sd / exact(x)


def move_shift(observed, shift, direction, t):
    return observed, shift + direction * t


def integrated(x, **settings):
    integrator = BatchedIntegrator(DIM, shifted_peak, jnp.asarray(0.0), "toy", n_eval=(4096,), **settings)
    records, kept = integrator.integrate_and_keep(x, np.arange(N))
    return integrator, records, kept


@pytest.fixture(scope="module")
def x():
    return events(N, seed=3)


def test_derivatives(x):
    """d ln W/d(shift) x 2; Kolmogorov-Smirnov probability of the pulls above 0.1 %."""
    integrator, _, kept = integrated(x)
    found = common_points.log_derivative(integrator, x, np.arange(N), kept, move_shift, 2.0)
    # two assignments of 8 replicates each: between 7 and 14 degrees of freedom
    pulls = (found["value"] - 2 * exact_derivative(x)) / found["error"]
    assert kstest(pulls, "t", args=(2 * (REPLICATES - 1),)).pvalue > 1e-3
    assert np.median(found["error"]) < 0.1


def test_ratios_know_more_than_their_weights(x):
    integrator, records, kept = integrated(x)
    shifts = np.array([0.004, -0.01])
    found = common_points.ratios(integrator, x, np.arange(N), kept, jnp.asarray(shifts))
    for i, shift in enumerate(shifts):
        ratio = found[:, i]
        pulls = (ratio["value"] - exact(x, shift) / exact(x)) / ratio["error"]
        assert kstest(pulls, "t", args=(2 * (REPLICATES - 1),)).pvalue > 1e-3
        separately = np.sqrt(2.0) * records["error"] / records["value"]
        assert np.median(ratio["error"] / separately) < 0.3


def test_the_same_points_give_the_same_weight(x):
    integrator, _, kept = integrated(x)
    one = common_points.ratios(integrator, x, np.arange(N), kept, jnp.zeros(1))
    np.testing.assert_allclose(one["value"], 1.0, rtol=1e-12)
    assert np.all(one["error"] < 1e-12)


def test_events_that_were_not_integrated_have_no_ratio(x):
    broken = x._replace(krec_x=np.where(np.arange(N) == 5, np.nan, x.krec_x))
    integrator, records, kept = integrated(broken)
    found = common_points.ratios(integrator, broken, np.arange(N), kept, jnp.zeros(1))
    assert records["status"][5] == "bad_input"
    assert np.isnan(found["value"][5, 0]) and np.isfinite(np.delete(found["value"], 5)).all()


def test_any_shard_gives_the_same_derivative(x):
    integrator, _, kept = integrated(x)
    whole = common_points.log_derivative(integrator, x, np.arange(N), kept, move_shift, 1.0)
    part = slice(40, 61)
    some = x.take(part)
    _, kept_part = integrator.integrate_and_keep(some, np.arange(N)[part])
    again = common_points.log_derivative(integrator, some, np.arange(N)[part], kept_part, move_shift, 1.0)
    assert np.array_equal(again, whole[part])
