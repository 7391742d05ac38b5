"""A toy event and a peak whose integrals have closed forms."""

import jax.numpy as jnp
import numpy as np

from momentax.processes.observed import Observed, Particle

DIM = 3


def events(n: int, seed: int = 0) -> Observed:
    """n items whose fields parametrise the toy integrand: centre (e_rec) and width (e_sd) of a peak."""
    rng = np.random.default_rng(seed)

    def particle() -> Particle:
        zero = np.zeros(n)
        return Particle(
            rng.uniform(0.3, 0.7, n), zero, zero, zero, zero, zero, rng.uniform(0.02, 0.2, n), zero
        )

    return Observed(particle(), particle(), particle(), particle(), np.zeros(n), np.zeros(n))


def peak(x, centre, width):
    """Normal density truncated to [0, 1]: integral from the closed form below."""
    return jnp.exp(-0.5 * ((x - centre) / width) ** 2) / (width * np.sqrt(2 * np.pi))
