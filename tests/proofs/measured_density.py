"""Analytic densities in the measured event x = (E_i, Omega_i, k_rec), made for each hypothesis by hand.

They share nothing with the generator: x comes from broad resonance masses, rapidities and transverse momenta of
*measured* (massless) momenta, and the density of (E_i, Omega_i, k_rec) follows from the two-body phase space

    prod_i E_i dE_i dOmega_i / 2 = d^4P_1 ... (sqrt(lambda)/(8 s)) dOmega ...,     d^4P = ds dy d^2P_T / 2.

Every draw is the inverse of a distribution function of uniform numbers, so that vegas can improve on the densities.
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


class Unit:
    """Hands out the columns of uniform numbers [n, dim] one after the other."""

    def __init__(self, u):
        self.u, self.used = u, 0

    def next(self):
        self.used += 1
        return self.u[:, self.used - 1]


class Plane:
    """Mixture of isotropic Gaussians in the transverse plane: draws (two uniform numbers) and their density."""

    def __init__(self, weights, sigmas):
        self.weights, self.sigmas = np.asarray(weights, float), np.asarray(sigmas, float)

    def draw(self, unit):
        u, phi = unit.next(), 2 * np.pi * unit.next()
        edges = np.concatenate([[0.0], np.cumsum(self.weights)])
        edges[-1] = 1.0
        component = np.clip(np.searchsorted(edges, u, side="right") - 1, 0, len(self.weights) - 1)
        local = (u - edges[component]) / (edges[component + 1] - edges[component])
        r = self.sigmas[component] * np.sqrt(-2 * np.log1p(-np.clip(local, 1e-15, 1 - 1e-15)))
        k = np.stack([r * np.cos(phi), r * np.sin(phi)], axis=1)
        return k, self.density(k)

    def density(self, k):
        r2 = (k**2).sum(axis=1)[:, None]
        return (self.weights * np.exp(-0.5 * r2 / self.sigmas**2) / (2 * np.pi * self.sigmas**2)).sum(axis=1)


def draw_t(unit, loc, scale, dof=4):
    """Positive Student t draws and their density; dof 1, a Breit-Wigner's tails, where a resonance is wide."""
    low = t.cdf((0.0 - loc) / scale, dof)
    x = loc + scale * t.ppf(low + (1 - low) * np.clip(unit.next(), 1e-12, 1 - 1e-12), dof)
    return x, t.pdf((x - loc) / scale, dof) / scale / (1 - low)


def draw_normal(unit, loc, scale):
    x = norm.ppf(unit.next(), loc, scale)
    return x, norm.pdf(x, loc, scale)


def boosted(m2, y, pt):
    """Four-momentum [n, 4] (E, px, py, pz) of mass^2, rapidity and transverse momentum."""
    mt = np.sqrt(m2 + (pt**2).sum(axis=1))
    return np.stack([mt * np.cosh(y), pt[:, 0], pt[:, 1], mt * np.sinh(y)], axis=1)


def decay(unit, parent, m2, m1_2, m2_2):
    """Isotropic two-body decay: the momenta, and d(Int d^3p/(2E) d^3p'/(2E') delta^4)/d(two uniform numbers)."""
    mass = np.sqrt(m2)
    e1 = (m2 + m1_2 - m2_2) / (2 * mass)
    p = np.sqrt(np.maximum(e1**2 - m1_2, 0.0))
    cos, phi = 2 * unit.next() - 1, 2 * np.pi * unit.next()
    sin = np.sqrt(1 - cos**2)
    direction = np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)
    first = boost(np.concatenate([e1[:, None], p[:, None] * direction], axis=1), parent, mass)
    return first, parent - first, 4 * np.pi * p / (4 * mass)


def boost(p, parent, mass):
    gamma_beta, gamma = parent[:, 1:] / mass[:, None], parent[:, 0] / mass
    along = (gamma_beta * p[:, 1:]).sum(axis=1)
    e = gamma * p[:, 0] + along
    return np.concatenate(
        [e[:, None], p[:, 1:] + gamma_beta * (p[:, 0] + along / (1 + gamma))[:, None]], axis=1
    )


def finish(momenta, k_rec, volume):
    """Sample from momenta and d(prod d^3p/2E d^2k_rec)/d(random numbers) = ``volume`` (infinite density where 0)."""
    p = np.stack(momenta, axis=1)
    e = np.sqrt((p[..., 1:] ** 2).sum(axis=-1))
    # prod dE dOmega = prod (2/E) d^3p/(2E)
    measure = volume * np.prod(2.0 / e, axis=1)
    density = np.where(measure > 0, 1.0 / np.where(measure > 0, measure, 1.0), np.inf)
    return Sample(e, p[..., 1:] / e[..., None], k_rec, density)


def hza(u, mass_h, mass_a, recoil: Plane) -> Sample:
    """A chain H -> Z A of measured masses around the poles (14 numbers); m_H follows m_A's resolution."""
    unit = Unit(u)
    m_z, f_z = draw_t(unit, 91.2, 1.9, dof=1)
    m_a, f_a = draw_t(unit, 0.98 * mass_a, 0.085 * mass_a)
    centre = np.maximum(mass_h + 0.95 * (m_a - mass_a), m_z + m_a + 5.0)
    m_h, f_h = draw_t(unit, centre, 0.024 * mass_h, dof=1)
    y, f_y = draw_normal(unit, 0, 1.2)
    k_rec, f_k = recoil.draw(unit)
    # the measured sum of momenta scatters about k_rec by sigma_u (20 GeV) and the b energies' resolution
    shift, f_s = Plane([0.75, 0.25], [np.hypot(20, 0.03 * mass_h), np.hypot(20, 0.1 * mass_h)]).draw(unit)
    ok = m_h > m_z + m_a
    m_h = np.where(ok, m_h, m_z + m_a + 1.0)
    total = boosted(m_h**2, y, k_rec + shift)
    z, a, v1 = decay(unit, total, m_h**2, m_z**2, m_a**2)
    lp, lm, v2 = decay(unit, z, m_z**2, 0.0, 0.0)
    b, bbar, v3 = decay(unit, a, m_a**2, 0.0, 0.0)
    # ds dy d^2P/2 ds_A ds_Z with ds = 2 m dm
    volume = 0.5 * 2 * m_h * 2 * m_a * 2 * m_z * v1 * v2 * v3 / (f_z * f_a * f_h * f_y * f_k * f_s)
    return finish((lp, lm, b, bbar), k_rec, np.where(ok, volume, 0.0))


def ttbar(u, recoil: Plane) -> Sample:
    """Two (b, l) systems with the mass spectrum of a top decay, loosely back to back (14 numbers)."""
    unit = Unit(u)
    wide = Plane([0.5, 0.35, 0.15], [40.0, 80.0, 170.0])
    y_first, f_y1 = draw_normal(unit, 0, 1.1)
    y_second, f_y2 = draw_normal(unit, 0.45 * y_first, 1.0)
    pt_first, f1 = wide.draw(unit)
    shift, f2 = wide.draw(unit)
    volume = 1.0 / (f_y1 * f_y2 * f1 * f2)
    pair = []
    for y, pt in ((y_first, pt_first), (y_second, shift - 0.45 * pt_first)):
        m, f_m = draw_t(unit, 100.0, 30.0)
        lepton, b, v = decay(unit, boosted(m**2, y, pt), m**2, 0.0, 0.0)
        volume = volume * 0.5 * 2 * m * v / f_m  # d^4P = ds dy d^2P/2
        pair.append((lepton, b))
    k_rec, f_k = recoil.draw(unit)
    # the visible part of the hard system takes about 0.7 of its transverse momentum: a transverse boost gamma beta =
    # kappa/E changes d^4V by 1 - kappa.V_T/(E^2 gamma) and leaves the phase space at given V alone
    total = pair[0][0] + pair[0][1] + pair[1][0] + pair[1][1]
    e, kappa = total[:, 0], 0.7 * k_rec
    gamma = np.sqrt(1 + (kappa**2).sum(axis=1) / e**2)
    volume = volume * (1 - (kappa * total[:, 1:3]).sum(axis=1) / (e**2 * gamma)) / f_k
    to_lab = np.stack([gamma * e, kappa[:, 0], kappa[:, 1], np.zeros_like(e)], axis=1)
    momenta = [boost(p, to_lab, e) for p in (pair[0][0], pair[1][0], pair[0][1], pair[1][1])]
    return finish(momenta, k_rec, volume)


def drell_yan(u, recoil: Plane) -> Sample:
    """A Z or a photon at some rapidity, two b's of falling transverse momentum around it (14 numbers)."""
    unit = Unit(u)
    low, high, share = (
        8.5,
        1500.0,
        0.5,
    )  # leptons are measured to 2 %, so none lies far below the cut of 10 GeV
    v = unit.next()
    at_zero = t.cdf(-91.2 / 1.9, 1)
    pole = 91.2 + 1.9 * t.ppf(at_zero + (1 - at_zero) * np.clip(v / share, 1e-12, 1 - 1e-12), 1)
    w = np.clip((v - share) / (1 - share), 0, 1)
    m_ll = np.where(v < share, pole, 1.0 / (1 / low - w * (1 / low - 1 / high)))  # photon: density 1/m^2
    f_m = share * t.pdf((m_ll - 91.2) / 1.9, 1) / 1.9 / (1 - at_zero)
    f_m = f_m + (1 - share) * ((m_ll > low) & (m_ll < high)) / (m_ll**2 * (1 / low - 1 / high))
    y, f_y = draw_normal(unit, 0, 1.6)
    volume = 1.0 / (f_m * f_y)
    v = np.clip(unit.next(), 1e-9, 1 - 1e-9)
    eta_1, phi_1 = 0.6 * y + 1.5 * t.ppf(v, 6), 2 * np.pi * unit.next()
    volume = volume / (t.pdf((eta_1 - 0.6 * y) / 1.5, 6) / 1.5 / (2 * np.pi))
    # the second b around the first one (a gluon that splits) or anywhere
    near = 0.45
    v, w = unit.next(), unit.next()
    is_near = v < near
    local = np.clip(np.where(is_near, v / near, (v - near) / (1 - near)), 1e-9, 1 - 1e-9)
    edge = np.arctan(np.pi / 0.4)
    d_phi = np.where(is_near, 0.4 * np.tan(edge * (2 * w - 1)), np.pi * (2 * w - 1))
    far_centre = 0.4 * (eta_1 + y)
    eta_2 = np.where(is_near, eta_1 + 0.4 * t.ppf(local, 2), far_centre + 1.5 * t.ppf(local, 6))
    f_near = t.pdf((eta_2 - eta_1) / 0.4, 2) / 0.4 * 0.4 / (0.16 + d_phi**2) / (2 * edge)
    f_far = t.pdf((eta_2 - far_centre) / 1.5, 6) / 1.5 / (2 * np.pi)
    volume = volume / (near * f_near + (1 - near) * f_far)
    bs = []
    for eta, phi in ((eta_1, phi_1), (eta_2, phi_1 + d_phi)):
        pt = lomax.ppf(np.clip(unit.next(), 0.0, 1 - 1e-9), 1.9, scale=22.0)
        # d^3p/(2E) = pt dpt deta dphi/2
        volume = volume * 0.5 * pt / lomax.pdf(pt, 1.9, scale=22.0)
        volume, eta = np.where(np.abs(eta) > 12, 0.0, volume), np.clip(eta, -12, 12)
        bs.append(
            np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
        )
    # so far in the frame where the transverse momenta cancel; a transverse boost gives them the sum k
    z = boosted(m_ll**2, y, -bs[0][:, 1:3] - bs[1][:, 1:3])
    lp, lm, v2 = decay(unit, z, m_ll**2, 0.0, 0.0)
    k_rec, f_k = recoil.draw(unit)
    shift, f_s = Plane([0.75, 0.25], [21.0, 45.0]).draw(unit)
    k = k_rec + shift
    e = (z + bs[0] + bs[1])[:, 0]
    e_lab = np.sqrt(e**2 + (k**2).sum(axis=1))
    to_lab = np.stack([e_lab, k[:, 0], k[:, 1], np.zeros_like(e)], axis=1)
    # d^4P = dE dp_z d^2P_T, and dE_lab = (E/E_lab) dE at fixed k
    volume = volume * 0.5 * 2 * m_ll * v2 * (e / e_lab) / (f_k * f_s)
    return finish([boost(p, to_lab, e) for p in (lp, lm, *bs)], k_rec, volume)
