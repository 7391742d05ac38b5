"""Closure (ii): Int W(x|alpha) dx over all measured events is the generator's cross section, for every hypothesis.

x comes from densities made by hand (measured_density.py), the inner integral from a few points of the integrand for
each x: an unbiased estimate of W, so the mean of W/density is the cross section whatever the integrator does. A wrong
factor 2 or pi, a missing Jacobian such as E_lab/E_hard or a wrong flux fails here. x is drawn with the jets labelled
(b, bbar), that is all orderings of p_T: then one assignment integrates to the cross section.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from measured_density import Plane, drell_yan, hza, ttbar

from momentax.config import PhysicsConfig
from momentax.integrate import points, reference
from momentax.processes import measure, parse_hypothesis
from momentax.processes.base import Options
from momentax.processes.observed import Observed, Particle
from momentax.simulate import cross_section

N_X = 14
"""Numbers that make an x: four energies, four directions, k_rec."""

WIDE = {"weights": (0.5, 0.5), "sigmas": (60.0, 250.0)}
"""A g(k_T) as wide as the masses: E_lab/E_hard is then far from 1."""


def observed(sample) -> Observed:
    """Observed arrays [n]; the sampling of energies is placed by rules of thumb (any placement is exact)."""
    particles = []
    for i in range(4):
        e = sample.energy[:, i]
        centre = np.maximum(e, 6.0) if i >= 2 else e
        sd = np.sqrt(centre + 0.01 * centre**2) if i >= 2 else 0.02 * e
        columns = (e, *sample.direction[:, i].T, e, centre, sd, np.zeros_like(e))
        particles.append(Particle(*(jnp.asarray(c) for c in columns)))
    return Observed(*particles, *(jnp.asarray(k) for k in sample.k_rec.T))


def integral(label, draw, n_x, per_x, physics, seed=1, spoil=lambda w, x: w):
    """(Int W dx, its standard error, chi2 per degree of freedom) in pb.

    vegas integrates over the numbers that make x; W(x) is the plain mean of the integrand at ``per_x`` points (a power
    of 2), whose scatter is part of the error that vegas sees.
    """
    hypothesis = parse_hypothesis(label)
    dim, integrand = hypothesis.integrand(Options.from_physics(physics))
    model = hypothesis.model(physics)
    evaluate = jax.jit(lambda u, x, m: jnp.mean(integrand(u, x, m), axis=0))
    inner = np.random.default_rng([seed, 1])
    net = jnp.asarray(points.sobol_integers(dim, per_x))

    def f(u):
        sample = draw(u)
        # a small net with its own shift for every x: unbiased, and less scattered than random points
        shift = inner.integers(0, 2**32, size=(1, len(u), dim), dtype=np.uint32)
        nodes = points.shifted(net[:, None, :], jnp.asarray(shift))
        return spoil(np.asarray(evaluate(nodes, observed(sample), model)), sample) / sample.density

    result = reference.integrate(f, N_X, n_x, np.random.default_rng(seed), iterations=14, adaptation=0.3)
    return result.value, result.error, result.chi2 / result.dof


def smeared(recoil) -> Plane:
    """Density of k_rec: g convolved with N2(sigma_u), a little wider so that its tails are covered."""
    return Plane(recoil.weights, [1.1 * np.hypot(s, recoil.sigma_u) for s in recoil.sigmas])


CASES = {
    "hza_500_300": (lambda g: lambda u: hza(u, 500.0, 300.0, g), 1_600_000, 8),
    "hza_200_50": (lambda g: lambda u: hza(u, 200.0, 50.0, g), 1_600_000, 8),
    "ttbar": (lambda g: lambda u: ttbar(u, g), 1_600_000, 32),
    "drell_yan": (lambda g: lambda u: drell_yan(u, g), 1_600_000, 16),
}
"""Density of x, evaluations of it, points of the integrand for each."""


@pytest.mark.proof
@pytest.mark.parametrize("g", ["builtin", "wide"])
@pytest.mark.parametrize("label", CASES)
def test_integral_over_x_is_the_cross_section(label, g):
    """Within 1 %: at least 1.6 standard errors, which must be below 0.6 %."""
    physics = PhysicsConfig()
    if g == "wide":
        physics = PhysicsConfig.model_validate({"detector": {"recoil": WIDE}})
    make, n_x, per_x = CASES[label]
    got, error, chi2 = integral(label, make(smeared(physics.detector.recoil)), n_x, per_x, physics)
    sigma, sigma_error = cross_section(label, physics)
    print(
        f"{label} {g}: {got:.6g} +- {error:.2g} pb (chi2/dof {chi2:.2f}), "
        f"generator {sigma:.6g} +- {sigma_error:.2g} pb, ratio {got / sigma:.4f}"
    )
    relative = np.hypot(error / got, sigma_error / sigma)
    assert relative < 0.006
    assert abs(got / sigma - 1) < 0.01


@pytest.mark.proof
def test_a_missing_jacobian_shows(monkeypatch):
    """Without E_lab/E_hard the integral with a wide g(k_T) misses the cross section by more than the test allows."""
    whole = measure.initial_state

    def without(total, sqrt_s):
        return whole(total, sqrt_s)._replace(e_hard=total.e)

    monkeypatch.setattr(measure, "initial_state", without)
    physics = PhysicsConfig.model_validate({"detector": {"recoil": WIDE}})
    make, _, per_x = CASES["hza_500_300"]
    got, error, _ = integral("hza_500_300", make(smeared(physics.detector.recoil)), 400_000, per_x, physics)
    sigma, _ = cross_section("hza_500_300", physics)
    print(f"without E_lab/E_hard: ratio {got / sigma:.4f} +- {error / sigma:.4f}")
    assert error / got < 0.01
    assert abs(got / sigma - 1) > 0.01 + 3 * error / sigma
