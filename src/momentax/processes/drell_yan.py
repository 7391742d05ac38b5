"""Drell-Yan + b bbar: gg, q qbar -> l+ l- b bbar (QCD^2 QED^2; photon and Z).

Unit cube, recoil ``transverse``: (E_l+, E_l- | s_ll, E_b, E_bbar); the recoil densities are evaluated. Energies come
from the transfer functions; the second lepton's also from the Z pole (a mixture).
Recoil ``balanced``: (E_l+, E_l-); E_b and E_bbar follow from k_T = sum of the measured visible p_T (block A).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from momentax.amplitudes.llbb import msq_channels
from momentax.amplitudes.llbb_lines import llbb_parameters
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B, MASS_Z, WIDTH_Z
from momentax.kinematics import FourVector, transverse_boost_to_rest
from momentax.maps import BreitWigner
from momentax.processes import energies, measure, observed
from momentax.processes.base import Hypothesis, IntegrandFn, Model, Options

Array = jax.Array


class Cuts(NamedTuple):
    """Parton-level cuts in the frame where k_T = 0; without them the cross section diverges. GeV."""

    m_ll: Array
    pt_b: Array
    m_bb: Array

    def passed(self, lep_plus, lep_minus, b, bbar) -> Array:
        """True where the four momenta (k_T = 0 frame) pass every cut."""
        return (
            ((lep_plus + lep_minus).mass2 > self.m_ll**2)
            & ((b + bbar).mass2 > self.m_bb**2)
            & (b.pt2 > self.pt_b**2)
            & (bbar.pt2 > self.pt_b**2)
        )


@dataclass(frozen=True)
class DrellYan(Hypothesis):
    """l+ l- b bbar through photon and Z; muF = mZ."""

    kind: ClassVar[str] = "drell_yan"

    @property
    def label(self) -> str:
        return self.kind

    def scale(self) -> float:
        return MASS_Z

    def amplitude_parameters(self, alpha_s: float, physics: PhysicsConfig) -> Any:
        mb = 0.0 if physics.massless_b else MASS_B
        return llbb_parameters(
            {"aS": alpha_s, "MZ": MASS_Z, "WZ": WIDTH_Z, "MB": mb}, physics.drell_yan.photon
        )

    def cuts(self, physics: PhysicsConfig) -> Cuts:
        dy = physics.drell_yan
        return Cuts(*(jnp.asarray(float(c)) for c in (dy.m_ll_min, dy.pt_b_min, dy.m_bb_min)))

    def integrand(self, options: Options) -> tuple[int, IntegrandFn]:
        return _integrand(options)


def sum_over_flavours(
    lep_plus: FourVector,
    lep_minus: FourVector,
    b: FourVector,
    bbar: FourVector,
    total: FourVector,
    model: Model,
) -> tuple[measure.InitialState, tuple[FourVector, ...], Array]:
    """Initial state, momenta where k_T = 0, and the sum over flavours of f f Mbar^2, without cuts.

    Momenta in the laboratory, GeV; ``total`` is their sum.
    """
    state = measure.initial_state(total, model.sqrt_s)
    hard = tuple(transverse_boost_to_rest(p, total) for p in (lep_plus, lep_minus, b, bbar))
    me = msq_channels((*state.partons(model.sqrt_s), hard[2], hard[3], hard[0], hard[1]), model.amplitude)
    lumi = measure.luminosity(model.pdf, state)
    flavours = (
        lumi.gg * me.gg
        + lumi.uubar * me.uubar
        + lumi.ubaru * me.ubaru
        + lumi.ddbar * me.ddbar
        + lumi.dbard * me.dbard
    )
    return state, hard, flavours


@cache
def _integrand(options: Options) -> tuple[int, IntegrandFn]:
    mass_b = 0.0 if options.massless_b else MASS_B

    def leptons(u: Array, x: observed.Observed, model: Model):
        pole = BreitWigner(model.amplitude.mass_z, model.amplitude.width_z, 0.0, model.sqrt_s**2)
        return energies.lepton_momenta(u[..., 0], u[..., 1], x, pole)

    def transverse(u: Array, x: observed.Observed, model: Model) -> Array:
        pair, lep_plus, lep_minus = leptons(u, x, model)
        e_b, jac_b = energies.transfer_sampler(x.b, mass_b).forward(u[..., 2])
        e_bbar, jac_bbar = energies.transfer_sampler(x.bbar, mass_b).forward(u[..., 3])
        b, bbar = x.b.momentum(e_b, mass_b), x.bbar.momentum(e_bbar, mass_b)
        total = lep_plus + lep_minus + b + bbar
        recoil = model.detector.recoil
        to_x, to_y = observed.recoil_shift(x, b, bbar, recoil.c)
        state, flavours = hard_process(lep_plus, lep_minus, b, bbar, total, model)
        weight = (
            HBARC2_PB
            * pair.jacobian
            * jac_b
            * jac_bbar
            * flavours
            * state.flux
            * total.e
            / state.e_hard
            * recoil.g(total.x, total.y)
            * recoil.n2(to_x - total.x, to_y - total.y)
            * measure.visible_phase_space(b)
            * measure.visible_phase_space(bbar)
        )
        return measure.finite_or_zero(
            weight * measure.smearing(x, lep_plus, lep_minus, b, bbar, model.detector), pair.valid
        )

    def balanced(u: Array, x: observed.Observed, model: Model) -> Array:
        pair, lep_plus, lep_minus = leptons(u, x, model)
        rec_x, rec_y = observed.visible_pt(x)
        to_x, to_y = rec_x - lep_plus.x - lep_minus.x, rec_y - lep_plus.y - lep_minus.y
        (b, bbar), jacobian, valid = measure.balanced_b_quarks(x.b, x.bbar, to_x, to_y, model.sqrt_s, mass_b)
        total = lep_plus + lep_minus + b + bbar
        state, flavours = hard_process(lep_plus, lep_minus, b, bbar, total, model)
        weight = (
            HBARC2_PB * pair.jacobian * jacobian * flavours / (2.0 * state.q1 * state.q2 * model.sqrt_s**2)
        )
        return measure.finite_or_zero(
            weight * measure.smearing(x, lep_plus, lep_minus, b, bbar, model.detector), pair.valid & valid
        )

    def hard_process(lep_plus, lep_minus, b, bbar, total, model: Model) -> tuple[measure.InitialState, Array]:
        """Initial state, and the sum over flavours of f f Mbar^2 (zero outside the parton-level cuts)."""
        state, hard, flavours = sum_over_flavours(lep_plus, lep_minus, b, bbar, total, model)
        return state, measure.finite_or_zero(flavours, state.valid & model.cuts.passed(*hard))

    return (2, balanced) if options.recoil_mode == "balanced" else (4, transverse)


def drell_yan() -> DrellYan:
    """The Drell-Yan + b bbar hypothesis (its options are in the configuration)."""
    return DrellYan()
