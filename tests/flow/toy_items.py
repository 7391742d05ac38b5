"""Events of a toy with a closed form: a peak of the event's own in one coordinate, two others correlated with it."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm

from momentax.flow.items import Items
from momentax.integrate.batched import BatchedIntegrator
from momentax.processes.observed import Observed, Particle

DIM = 3
WIDTH = 0.08


def integrand(u, x: Observed, scale):
    """scale N(u0; centre, WIDTH) N(u1; u0, WIDTH) N(u2; 1 - u0, WIDTH), the last two normalised on [0, 1]."""
    centre = x.b.e_rec

    def inside(at, mean):
        content = norm.cdf((1.0 - mean) / WIDTH) - norm.cdf(-mean / WIDTH)
        return norm.pdf(at, mean, WIDTH) / content

    first = norm.pdf(u[..., 0], centre, WIDTH)
    return scale * first * inside(u[..., 1], u[..., 0]) * inside(u[..., 2], 1.0 - u[..., 0])


def exact(items: Items, scale: float) -> np.ndarray:
    """Integrals of both assignments, [n, 2]."""
    centres = np.stack([items.observed.b.e_rec, items.observed.bbar.e_rec], axis=1)
    return scale * np.asarray(norm.cdf((1.0 - centres) / WIDTH) - norm.cdf(-centres / WIDTH))


def toy_items(n: int, scale: float = 2.5, seed: int = 0) -> Items:
    """n events; what the flow is told of them is the centre of the peak."""
    rng = np.random.default_rng(seed)

    def particle() -> Particle:
        zero = np.zeros(n)
        return Particle(rng.uniform(0.1, 0.9, n), *[zero] * 7)

    observed = Observed(particle(), particle(), particle(), particle(), np.zeros(n), np.zeros(n))
    integrator = BatchedIntegrator(DIM, integrand, jnp.asarray(scale), "toy", n_eval=(4096, 16384))
    raw = np.stack([observed.b.e_rec, observed.bbar.e_rec], axis=1)[..., None]
    return Items(integrator, observed, np.arange(n), raw)
