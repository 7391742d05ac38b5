"""Analytic densities in the measured event x = (E_i, Omega_i, k_rec), made for each hypothesis by hand.

They share nothing with the generator: x is drawn from broad resonance masses, rapidities and transverse momenta of
*measured* (massless) momenta, and the density of (E_i, Omega_i, k_rec) follows from the two-body phase space

    prod_i E_i dE_i dOmega_i / 2 = d^4P_1 ... (sqrt(lambda)/(8 s)) dOmega ...,     d^4P = ds dy d^2P_T / 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import lomax, norm, t


class Sample(NamedTuple):
    """energy [n, 4], direction [n, 4, 3] of l+, l-, b, bbar; k_rec [n, 2]; density [n], 1/(GeV^6 sr^4)."""

    energy: np.ndarray
    direction: np.ndarray
    k_rec: np.ndarray
    density: np.ndarray


class Plane:
    """Mixture of isotropic Gaussians in the transverse plane: draws and their density."""

    def __init__(self, weights, sigmas):
        self.weights, self.sigmas = np.asarray(weights, float), np.asarray(sigmas, float)

    def draw(self, rng, n):
        sigma = rng.choice(self.sigmas, size=n, p=self.weights)
        k = rng.normal(size=(n, 2)) * sigma[:, None]
        return k, self.density(k)

    def density(self, k):
        r2 = (k**2).sum(axis=1)[:, None]
        return (self.weights * np.exp(-0.5 * r2 / self.sigmas**2) / (2 * np.pi * self.sigmas**2)).sum(axis=1)


def draw_t4(rng, loc, scale, n):
    """Student t (4) draws, truncated to positive values by reflection of the density's normalisation."""
    low = t.cdf((0.0 - loc) / scale, 4)
    u = low + (1 - low) * rng.random(n)
    x = loc + scale * t.ppf(u, 4)
    return x, t.pdf((x - loc) / scale, 4) / scale / (1 - low)


def boosted(m2, y, pt):
    """Four-momentum [n, 4] (E, px, py, pz) of mass^2, rapidity and transverse momentum."""
    mt = np.sqrt(m2 + (pt**2).sum(axis=1))
    return np.stack([mt * np.cosh(y), pt[:, 0], pt[:, 1], mt * np.sinh(y)], axis=1)


def isotropic(rng, n):
    cos, phi = rng.uniform(-1, 1, n), rng.uniform(0, 2 * np.pi, n)
    sin = np.sqrt(1 - cos**2)
    return np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)


def decay(rng, parent, m2, m1_2, m2_2):
    """Isotropic two-body decay: the two momenta and the weight of Int d^3p/(2E) d^3p'/(2E') delta^4 per density."""
    e1 = (m2 + m1_2 - m2_2) / (2 * np.sqrt(m2))
    p = np.sqrt(np.maximum(e1**2 - m1_2, 0.0))
    rest = np.concatenate([e1[:, None], p[:, None] * isotropic(rng, len(m2))], axis=1)
    first = boost(rest, parent, np.sqrt(m2))
    return first, parent - first, 4 * np.pi * p / (4 * np.sqrt(m2))


def boost(p, parent, mass):
    gamma_beta, gamma = parent[:, 1:] / mass[:, None], parent[:, 0] / mass
    along = (gamma_beta * p[:, 1:]).sum(axis=1)
    e = gamma * p[:, 0] + along
    return np.concatenate(
        [e[:, None], p[:, 1:] + gamma_beta * (p[:, 0] + along / (1 + gamma))[:, None]], axis=1
    )


def finish(momenta, k_rec, volume):
    """Sample from momenta and d(prod d^3p/2E d^2k_rec)/d(random numbers) = ``volume``."""
    p = np.stack(momenta, axis=1)
    e = np.sqrt((p[..., 1:] ** 2).sum(axis=-1))
    # prod dE dOmega = prod (2/E) d^3p/(2E)
    density = 1.0 / (volume * np.prod(2.0 / e, axis=1))
    return Sample(e, p[..., 1:] / e[..., None], k_rec, density)


def hza(rng, n, mass_h, mass_a, recoil: Plane, smear=1.0) -> Sample:
    """A chain H -> Z A of measured masses around the poles; the b energies' resolution correlates m_H and m_A."""
    m_z, f_z = draw_t4(rng, 91.2, 2.4, n)
    m_a, f_a = draw_t4(rng, 0.98 * mass_a, 0.09 * mass_a * smear, n)
    centre = np.maximum(mass_h + (m_a - mass_a), m_z + m_a + 5.0)
    m_h, f_h = draw_t4(rng, centre, 0.05 * mass_h * smear, n)
    y = rng.normal(0, 1.2, n)
    f_y = norm.pdf(y, 0, 1.2)
    k_rec, f_k = recoil.draw(rng, n)
    near = Plane([0.65, 0.35], [0.055 * mass_h * smear, 0.13 * mass_h * smear])
    shift, f_s = near.draw(rng, n)
    ok = m_h > m_z + m_a
    m_h = np.where(ok, m_h, m_z + m_a + 1.0)
    total = boosted(m_h**2, y, k_rec + shift)
    z, a, v1 = decay(rng, total, m_h**2, m_z**2, m_a**2)
    lp, lm, v2 = decay(rng, z, m_z**2, 0.0, 0.0)
    b, bbar, v3 = decay(rng, a, m_a**2, 0.0, 0.0)
    # ds dy d^2P/2 ds_A ds_Z with ds = 2 m dm
    volume = 0.5 * 2 * m_h * 2 * m_a * 2 * m_z * v1 * v2 * v3 / (f_z * f_a * f_h * f_y * f_k * f_s)
    return finish((lp, lm, b, bbar), k_rec, np.where(ok, volume, 0.0))


def ttbar(rng, n, recoil: Plane) -> Sample:
    """Two (b, l) systems with the mass spectrum of a top decay, loosely back to back."""
    pair = []
    volume = np.ones(n)
    wide = Plane([0.5, 0.35, 0.15], [40.0, 80.0, 170.0])
    y_first = rng.normal(0, 1.1, n)
    y_second = rng.normal(0.45 * y_first, 1.0)
    volume /= norm.pdf(y_first, 0, 1.1) * norm.pdf(y_second, 0.45 * y_first, 1.0)
    pt_first, f1 = wide.draw(rng, n)
    shift, f2 = wide.draw(rng, n)
    pt_second = -0.45 * pt_first + shift
    volume /= f1 * f2
    for y, pt in ((y_first, pt_first), (y_second, pt_second)):
        m, f_m = draw_t4(rng, 100.0, 30.0, n)
        system = boosted(m**2, y, pt)
        lepton, b, v = decay(rng, system, m**2, 0.0, 0.0)
        volume *= 0.5 * 2 * m * v / f_m  # d^4P = ds dy d^2P/2
        pair.append((lepton, b))
    k_rec, f_k = recoil.draw(rng, n)
    return finish((pair[0][0], pair[1][0], pair[0][1], pair[1][1]), k_rec, volume / f_k)


def drell_yan(rng, n, recoil: Plane) -> Sample:
    """A Z or a photon at some rapidity, two b's of falling transverse momentum around it."""
    on_pole = rng.random(n) < 0.6
    low, high = 4.0, 1500.0
    m_ll = np.where(on_pole, draw_t4(rng, 91.2, 2.6, n)[0], low * (high / low) ** rng.random(n))
    z_norm = 1 - t.cdf(-91.2 / 2.6, 4)
    f_m = 0.6 * t.pdf((m_ll - 91.2) / 2.6, 4) / 2.6 / z_norm
    f_m = f_m + 0.4 * ((m_ll > low) & (m_ll < high)) / (m_ll * np.log(high / low))
    y = rng.normal(0, 1.6, n)
    volume = 1.0 / (f_m * norm.pdf(y, 0, 1.6))
    bs = []
    for centre in (0.6 * y, None):
        centre = centre if centre is not None else 0.5 * (bs[0][1] + y) * 0.8
        pt = lomax.rvs(1.9, scale=14.0, size=n, random_state=rng)
        eta = centre + 1.5 * rng.standard_t(6, n)
        phi = rng.uniform(0, 2 * np.pi, n)
        # d^3p/(2E) = pt dpt deta dphi/2
        volume *= (
            0.5 * pt * 2 * np.pi / (lomax.pdf(pt, 1.9, scale=14.0) * t.pdf((eta - centre) / 1.5, 6) / 1.5)
        )
        eta_safe = np.clip(eta, -12, 12)
        p = np.stack(
            [pt * np.cosh(eta_safe), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta_safe)], axis=1
        )
        bs.append((p, eta_safe))
    k_rec, f_k = recoil.draw(rng, n)
    # the measured sum of momenta scatters about k_rec by sigma_u (20 GeV) and the b energies' resolution
    near = Plane([0.75, 0.25], [21.0, 45.0])
    shift, f_s = near.draw(rng, n)
    pt_z = k_rec + shift - bs[0][0][:, 1:3] - bs[1][0][:, 1:3]
    z = boosted(m_ll**2, y, pt_z)
    lp, lm, v = decay(rng, z, m_ll**2, 0.0, 0.0)
    volume *= 0.5 * 2 * m_ll * v / (f_k * f_s)
    return finish((lp, lm, bs[0][0], bs[1][0]), k_rec, volume)
