"""Random physical configurations that several tests of the maps share."""

import jax.numpy as jnp
import numpy as np

from momentax.kinematics import FourVector, dot
from momentax.maps import BreitWigner, Leaf, NeutrinoEllipse, Node

MB = 4.7


def unit(p):
    """Direction of a four-vector."""
    r = jnp.sqrt(p.p2)
    return p.x / r, p.y / r, p.z / r


def random_parent(s, rng, kt=40.0):
    """Parent of mass squared ``s`` with transverse momentum of ``kt`` per axis and unit-width rapidity."""
    n = len(s)
    y, kx, ky = rng.normal(size=n), kt * rng.normal(size=n), kt * rng.normal(size=n)
    e = jnp.sqrt(s + kx**2 + ky**2)
    return FourVector(e * jnp.cosh(y), jnp.asarray(kx), jnp.asarray(ky), e * jnp.sinh(y))


def top_pairs(n, seed, mean_excess=0.5):
    """(l+, nu, b, l-, nubar, bbar) of n off-shell top pairs; s_hat is exponentially above threshold."""
    rng = np.random.default_rng(seed)
    s_w = [BreitWigner(80.4, 2.05, 1.0, 150.0**2).forward(rng.random(n))[0] for _ in range(2)]
    s_t = [BreitWigner(173.0, 1.5, (jnp.sqrt(s) + MB) ** 2, 300.0**2).forward(rng.random(n))[0] for s in s_w]
    s_hat = (jnp.sqrt(s_t[0]) + jnp.sqrt(s_t[1])) ** 2 * (1.0 + rng.exponential(mean_excess, n))
    tops = [Node(t, Node(w, Leaf(0.0), Leaf(0.0)), Leaf(MB**2)) for w, t in zip(s_w, s_t, strict=True)]
    return Node(s_hat, tops[0], tops[1]).forward(tuple(rng.random((10, n))), random_parent(s_hat, rng))[0]


def top_invariants(event):
    """(s_13, s_134, s_25, s_256) recomputed from the momenta."""
    lp, nu, b, lm, nubar, bbar = event
    s_13, s_25 = 2.0 * dot(nu, lp), 2.0 * dot(nubar, lm)
    return s_13, s_13 + MB**2 + 2.0 * dot(lp + nu, b), s_25, s_25 + MB**2 + 2.0 * dot(lm + nubar, bbar)


def ellipses(event, invariants):
    """Neutrino ellipses of top and antitop."""
    lp, _, b, lm, _, bbar = event
    s_13, s_134, s_25, s_256 = invariants
    return (
        NeutrinoEllipse.from_masses(lp, b, s_13, s_134, 0.0, MB**2),
        NeutrinoEllipse.from_masses(lm, bbar, s_25, s_256, 0.0, MB**2),
    )


def hza_events(m_h, m_a, n, seed):
    """(l+, l-, b, bbar) of H -> Z A with on-shell A and H, boosted."""
    rng = np.random.default_rng(seed)
    s = jnp.full(n, m_h**2)
    z, a = Node(91.0**2, Leaf(0.0), Leaf(0.0)), Node(m_a**2, Leaf(MB**2), Leaf(MB**2))
    return Node(m_h**2, z, a).forward(tuple(rng.random((6, n))), random_parent(s, rng))[0]
