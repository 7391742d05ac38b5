"""The factors that every hypothesis shares: initial state, flux, visible phase space (DESIGN of the weight).

W = (hbar c)^2 sum_assignments sum_ab Int prod_i [|p_i| dE_i / (2 (2 pi)^3) T_i] prod_nu d^3p/((2 pi)^3 2E)
    (2 pi)^4/(q1 q2 s^2) (E_lab/E_hard) f_a(q1) f_b(q2) Mbar^2_ab g(k_T) N2(k_rec - k_T + ...; sigma_u)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.constants import HBARC2_PB
from momentax.kinematics import FourVector
from momentax.maps import BlockA
from momentax.pdf import FixedScalePdf
from momentax.processes.observed import Observed, Particle, transfer_density
from momentax.transfer import Detector

Array = jax.Array

TWO_PI_CUBED = (2.0 * math.pi) ** 3


class InitialState(NamedTuple):
    """Incoming partons of a final state of total momentum P, in the frame where k_T = 0."""

    q1: Array
    q2: Array
    """Momentum fractions (E_hard +- p_z)/sqrt(s), clipped into (0, 1) where ``valid`` is False."""
    e_hard: Array
    """E_hard = sqrt(E_lab^2 - k_T^2), GeV."""
    flux: Array
    """(2 pi)^4/(q1 q2 s^2), GeV^-4."""
    valid: Array
    """Both fractions lie in (0, 1)."""

    def partons(self, sqrt_s: Array | float) -> tuple[FourVector, FourVector]:
        """The two partons along +z and -z, energies q1,2 sqrt(s)/2."""
        e1, e2 = 0.5 * sqrt_s * self.q1, 0.5 * sqrt_s * self.q2
        zero = jnp.zeros_like(e1)
        return FourVector(e1, zero, zero, e1), FourVector(e2, zero, zero, -e2)


def initial_state(total: FourVector, sqrt_s: Array | float) -> InitialState:
    """Initial state of the final-state sum ``total`` (lab frame, GeV)."""
    e_hard = jnp.sqrt(jnp.maximum(total.e**2 - total.pt2, 1e-6))
    q1, q2 = (e_hard + total.z) / sqrt_s, (e_hard - total.z) / sqrt_s
    valid = (q1 > 1e-9) & (q2 > 1e-9) & (q1 < 1.0) & (q2 < 1.0)
    q1, q2 = jnp.where(valid, q1, 0.5), jnp.where(valid, q2, 0.5)
    flux = (2.0 * math.pi) ** 4 / (q1 * q2 * sqrt_s**4)
    return InitialState(q1, q2, e_hard, flux, valid)


def visible_phase_space(p: FourVector) -> Array:
    """|p|/(2 (2 pi)^3): d^3p/((2 pi)^3 2E) = [this] dE dOmega, GeV."""
    return jnp.sqrt(p.p2) / (2.0 * TWO_PI_CUBED)


def smearing(
    x: Observed,
    lep_plus: FourVector,
    lep_minus: FourVector,
    b: FourVector,
    bbar: FourVector,
    detector: Detector,
) -> Array:
    """Transfer functions of all four visible objects times the phase space of the leptons, GeV^-2.

    Times the efficiency of the four, where the detector has one.
    """
    density = transfer_density(detector, x, (lep_plus.e, lep_minus.e, b.e, bbar.e))
    if detector.efficiency is not None:
        pt_b = jnp.sqrt(b.pt2), jnp.sqrt(bbar.pt2)
        density = density * detector.efficiency.event((x.lep_plus.is_muon, x.lep_minus.is_muon), pt_b)
    return density * visible_phase_space(lep_plus) * visible_phase_space(lep_minus)


class Luminosity(NamedTuple):
    """f_a(q1) f_b(q2) of the channels, a the parton from +z."""

    gg: Array
    uubar: Array
    """Up-type quark from +z: u ubar + c cbar."""
    ubaru: Array
    ddbar: Array
    """Down-type quark from +z: d dbar + s sbar."""
    dbard: Array

    @property
    def qqbar(self) -> Array:
        """All quark channels in both orders."""
        return self.uubar + self.ubaru + self.ddbar + self.dbard


def luminosity(pdf: FixedScalePdf, state: InitialState) -> Luminosity:
    """Products of parton densities f = (x f)/x at the set's fixed scale (five light flavours less b)."""
    f1, f2 = pdf.xf(state.q1), pdf.xf(state.q2)
    inverse = 1.0 / (state.q1 * state.q2)
    return Luminosity(
        gg=f1.g * f2.g * inverse,
        uubar=(f1.u * f2.ubar + f1.c * f2.cbar) * inverse,
        ubaru=(f1.ubar * f2.u + f1.cbar * f2.c) * inverse,
        ddbar=(f1.d * f2.dbar + f1.s * f2.sbar) * inverse,
        dbard=(f1.dbar * f2.d + f1.sbar * f2.s) * inverse,
    )


def gluon_luminosity(pdf: FixedScalePdf, state: InitialState) -> Array:
    """f_g(q1) f_g(q2)."""
    return pdf.xf(state.q1).g * pdf.xf(state.q2).g / (state.q1 * state.q2)


def balanced_b_quarks(
    b: Particle, bbar: Particle, sum_x: Array, sum_y: Array, sqrt_s: Array | float, mass: float
) -> tuple[tuple[FourVector, FourVector], Array, Array]:
    """Option ``balanced``: b momenta whose transverse sum is (sum_x, sum_y), by MoMEMta's block A.

    Returns ((b, bbar), J, valid): J (GeV^-2 sr^-2) holds both |p|^2 d|p|/((2 pi)^3 2E), the momentum delta function,
    (2 pi)^4 and 2/s of the flux; of the flux 1/(2 q1 q2 s) is left.
    """
    block = BlockA(sqrt_s**2, b.direction, bbar.direction, mass**2, mass**2)
    momenta, jacobian, valid = block.forward(sum_x, sum_y)
    sin_thetas = jnp.hypot(b.nx, b.ny) * jnp.hypot(bbar.nx, bbar.ny)
    return momenta, jacobian / sin_thetas, valid


def finite_or_zero(value: Array, valid: Array) -> Array:
    """``value`` where ``valid``, zero elsewhere (a NaN in a valid place survives: it must be seen, not hidden)."""
    return jnp.where(valid, value, 0.0)


__all__ = [
    "HBARC2_PB",
    "InitialState",
    "Luminosity",
    "balanced_b_quarks",
    "finite_or_zero",
    "gluon_luminosity",
    "initial_state",
    "luminosity",
    "smearing",
    "visible_phase_space",
]
