"""Closure (ii): Int W(x|alpha) dx over all measured events is the generator's cross section, for every hypothesis.

x comes from densities made by hand (measured_density.py), the inner integral from a few points of the integrand for each
x: an unbiased estimate of W, so the mean of W/density is the cross section whatever the integrator does. A wrong factor
2 or pi, a missing Jacobian such as E_lab/E_hard or a wrong flux fails here. x is drawn with the jets labelled (b, bbar),
that is all orderings of p_T: then one assignment integrates to the cross section.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from measured_density import Plane, drell_yan, hza, ttbar

from momentax.config import PhysicsConfig
from momentax.processes import parse_hypothesis
from momentax.processes.base import Options
from momentax.processes.observed import Observed, Particle
from momentax.simulate import cross_section

WIDE = {"weights": (0.5, 0.5), "sigmas": (60.0, 250.0)}
"""A g(k_T) as wide as the masses: E_lab/E_hard is then far from 1."""


def observed(sample, rng) -> Observed:
    """Observed arrays [n, 1]; the sampling of energies is placed by rules of thumb (any placement is exact)."""
    particles = []
    for i in range(4):
        e = sample.energy[:, i]
        centre = np.maximum(e, 6.0) if i >= 2 else e
        sd = np.sqrt(centre + 0.01 * centre**2) if i >= 2 else 0.02 * e
        columns = (e, *sample.direction[:, i].T, e, centre, sd, np.zeros_like(e))
        particles.append(Particle(*(jnp.asarray(c[:, None]) for c in columns)))
    return Observed(*particles, *(jnp.asarray(k[:, None]) for k in sample.k_rec.T))


def integral(label, draw, n, per_event, physics, seed=1, chunk=8192, spoil=lambda w, x: w):
    """(Int W dx, its standard error, sum of the largest 10 weights over all) in pb."""
    hypothesis = parse_hypothesis(label)
    dim, integrand = hypothesis.integrand(Options.from_physics(physics))
    model = hypothesis.model(physics)
    evaluate = jax.jit(lambda u, x, m: jnp.mean(integrand(u, x, m), axis=1))
    rng = np.random.default_rng(seed)
    weights = []
    for _ in range(n // chunk):
        sample = draw(rng, chunk)
        u = jnp.asarray(rng.random((chunk, per_event, dim)))
        values = np.asarray(evaluate(u, observed(sample, rng), model))
        weights.append(spoil(values, sample) / sample.density)
    w = np.concatenate(weights)
    assert np.all(np.isfinite(w))
    return w.mean(), w.std() / np.sqrt(len(w)), np.sort(w)[-10:].sum() / w.sum()


def smeared(recoil) -> Plane:
    """Density of k_rec: g convolved with N2(sigma_u), a little wider so that its tails are covered."""
    return Plane(recoil.weights, [1.1 * np.hypot(s, recoil.sigma_u) for s in recoil.sigmas])


CASES = {
    "hza_500_300": (lambda g: lambda rng, n: hza(rng, n, 500.0, 300.0, g), 400_000, 8),
    "hza_200_50": (lambda g: lambda rng, n: hza(rng, n, 200.0, 50.0, g), 400_000, 8),
    "ttbar": (lambda g: lambda rng, n: ttbar(rng, n, g), 400_000, 16),
    "drell_yan": (lambda g: lambda rng, n: drell_yan(rng, n, g), 1_000_000, 4),
}


@pytest.mark.proof
@pytest.mark.parametrize("g", ["builtin", "wide"])
@pytest.mark.parametrize("label", CASES)
def test_integral_over_x_is_the_cross_section(label, g):
    """Within 1 % (standard error below 0.4 %): 2.5 standard errors; 99 % confidence that a true weight passes."""
    physics = PhysicsConfig()
    if g == "wide":
        physics = PhysicsConfig.model_validate({"detector": {"recoil": WIDE}})
    make, n, per_event = CASES[label]
    got, error, largest = integral(label, make(smeared(physics.detector.recoil)), n, per_event, physics)
    sigma, sigma_error = cross_section(label, physics)
    print(
        f"{label} {g}: {got:.6g} +- {error:.2g} pb, generator {sigma:.6g} +- {sigma_error:.2g} pb, "
        f"ratio {got / sigma:.4f}, largest ten {largest:.3f}"
    )
    assert np.hypot(error / got, sigma_error / sigma) < 0.004
    assert abs(got / sigma - 1) < 0.01
