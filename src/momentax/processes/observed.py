"""The measured event x as the integrands see it: plain arrays of any batch shape."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import MASS_B
from momentax.kinematics import FourVector, from_energy_direction
from momentax.transfer import Detector

Array = jax.Array


class Particle(NamedTuple):
    """One visible object: measured energy and direction, and where its transfer function puts the true energy.

    Every field is an array of the batch shape. Energies in GeV.
    """

    e_rec: Array
    """Measured energy."""
    nx: Array
    ny: Array
    nz: Array
    """Unit vector of the direction, taken as exact."""
    p_rec: Array
    """Measured momentum, GeV."""
    e_mean: Array
    """Mean of the likelihood T(E_rec | E_gen) as a function of E_gen: places the sampling of E_gen."""
    e_sd: Array
    """Its standard deviation."""
    is_muon: Array
    """1 for a muon, 0 otherwise (b jets: 0)."""

    @property
    def direction(self) -> tuple[Array, Array, Array]:
        return self.nx, self.ny, self.nz

    def momentum(self, e: Array, mass: float) -> FourVector:
        """Four-momentum of true energy ``e`` along the measured direction."""
        return from_energy_direction(e, self.direction, mass)


class Observed(NamedTuple):
    """x = (E_i, Omega_i, k_rec) with the jets assigned: ``b`` and ``bbar`` are j1, j2 or j2, j1."""

    lep_plus: Particle
    lep_minus: Particle
    b: Particle
    bbar: Particle
    krec_x: Array
    krec_y: Array
    """k_rec = sum of the visible transverse momenta + missing transverse momentum, GeV."""

    def swapped(self) -> Observed:
        """The other assignment of the two jets to (b, bbar)."""
        return self._replace(b=self.bbar, bbar=self.b)

    @property
    def visible(self) -> tuple[Particle, Particle, Particle, Particle]:
        return self.lep_plus, self.lep_minus, self.b, self.bbar

    def take(self, index) -> Observed:
        """The same event(s) with every array indexed by ``index``."""
        return jax.tree.map(lambda a: a[index], self)


def observe(energy, direction, momentum, k_rec, is_muon, detector: Detector) -> Observed:
    """Observed events from plain arrays.

    Parameters
    ----------
    energy, momentum : [n, 4]
        Measured energies and momenta (GeV) of l+, l-, j1, j2.
    direction : [n, 4, 3]
        Unit vectors.
    k_rec : [n, 2]
        Measured transverse momentum of the hard system, GeV.
    is_muon : [n, 2]
        True where l+ (l-) is a muon.
    detector : Detector
        Its transfer functions place the sampling of the true energies.

    Returns
    -------
    Observed with arrays [n] (numpy): j1 is taken as the b, j2 as the bbar.
    """
    energy, direction, momentum = (np.asarray(a, dtype=np.float64) for a in (energy, direction, momentum))
    muon = np.asarray(is_muon, dtype=np.float64)
    moments_e = _moments(detector.electron, energy[:, :2])
    moments_mu = _moments(detector.muon, energy[:, :2])
    moments_b = _moments(detector.bjet, energy[:, 2:])
    flag = np.concatenate([muon, np.zeros_like(muon)], axis=1)
    leptons = (e + muon * (m - e) for e, m in zip(moments_e, moments_mu, strict=True))
    mean, sd = (np.concatenate([lep, jet], axis=1) for lep, jet in zip(leptons, moments_b, strict=True))
    columns = (energy, *np.moveaxis(direction, 2, 0), momentum, mean, sd, flag)
    lep_plus, lep_minus, j1, j2 = (Particle._make(c[:, i] for c in columns) for i in range(4))
    k_x, k_y = np.asarray(k_rec, dtype=np.float64).T
    return Observed(lep_plus, lep_minus, j1, j2, k_x, k_y)


def _moments(transfer, e_rec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, sd = transfer.likelihood_moments(jnp.asarray(e_rec))
    return np.asarray(mean), np.asarray(sd)


def lepton_density(detector: Detector, lepton: Particle, e: Array) -> Array:
    """T(E_rec | E_gen = e) of a lepton of either flavour, 1/GeV."""
    electron = detector.electron.density(lepton.e_rec, e)
    muon = detector.muon.density(lepton.e_rec, e)
    return electron + lepton.is_muon * (muon - electron)


def transfer_density(detector: Detector, x: Observed, energies: tuple[Array, Array, Array, Array]) -> Array:
    """prod_i T_i(E_i^rec | E_i) over l+, l-, b, bbar, 1/GeV^4."""
    e_plus, e_minus, e_b, e_bbar = energies
    return (
        lepton_density(detector, x.lep_plus, e_plus)
        * lepton_density(detector, x.lep_minus, e_minus)
        * detector.bjet.density(x.b.e_rec, e_b)
        * detector.bjet.density(x.bbar.e_rec, e_bbar)
    )


def recoil_shift(x: Observed, b: FourVector, bbar: FourVector, c: Array | float) -> tuple[Array, Array]:
    """k_rec + c sum_b (pT_b^gen - pT_b^rec): where N2 expects k_T, GeV."""
    dx = b.x - x.b.p_rec * x.b.nx + bbar.x - x.bbar.p_rec * x.bbar.nx
    dy = b.y - x.b.p_rec * x.b.ny + bbar.y - x.bbar.p_rec * x.bbar.ny
    return x.krec_x + c * dx, x.krec_y + c * dy


def visible_pt(x: Observed) -> tuple[Array, Array]:
    """Sum of the measured visible transverse momenta, GeV."""
    a, b, c, d = x.visible
    px = a.p_rec * a.nx + b.p_rec * b.nx + c.p_rec * c.nx + d.p_rec * d.nx
    py = a.p_rec * a.ny + b.p_rec * b.ny + c.p_rec * c.ny + d.p_rec * d.ny
    return px, py


def missing_pt(x: Observed) -> tuple[Array, Array]:
    """Measured missing transverse momentum, GeV: k_rec less the visible transverse momenta."""
    px, py = visible_pt(x)
    return x.krec_x - px, x.krec_y - py


__all__ = [
    "MASS_B",
    "Observed",
    "Particle",
    "lepton_density",
    "missing_pt",
    "observe",
    "recoil_shift",
    "transfer_density",
    "visible_pt",
]
