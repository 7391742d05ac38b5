"""Drell-Yan + b bbar: gg, q qbar -> l+ l- b bbar (QCD^2 QED^2; photon and Z).

Unit cube, recoil ``transverse``: (E_l+, E_l- | s_ll, E_b, E_bbar); the recoil densities are evaluated. Energies come
from the transfer functions; the second lepton's also from the Z pole (a mixture).
Recoil ``balanced``: (E_l+, E_l-); E_b and E_bbar follow from k_T = sum of the measured visible p_T (block A).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from momentax.amplitudes.llbb import msq_channels
from momentax.amplitudes.llbb_lines import llbb_parameters
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B, MASS_Z, WIDTH_Z
from momentax.kinematics import transverse_boost_to_rest
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
        return llbb_parameters({"aS": alpha_s, "MZ": MASS_Z, "WZ": WIDTH_Z, "MB": mb}, physics.drell_yan.photon)

    def cuts(self, physics: PhysicsConfig) -> Cuts:
        dy = physics.drell_yan
        return Cuts(*(jnp.asarray(float(c)) for c in (dy.m_ll_min, dy.pt_b_min, dy.m_bb_min)))

    def integrand(self, options: Options) -> tuple[int, IntegrandFn]:
        return _integrand(options)


@lru_cache(maxsize=None)
def _integrand(options: Options) -> tuple[int, IntegrandFn]:
    mass_b = 0.0 if options.massless_b else MASS_B
    pole = BreitWigner(MASS_Z, WIDTH_Z)

    def transverse(u: Array, x: observed.Observed, model: Model) -> Array:
        pair = energies.lepton_pair(u[..., 0], u[..., 1], x.lep_plus, x.lep_minus, pole)
        e_b, jac_b = energies.transfer_sampler(x.b, mass_b).forward(u[..., 2])
        e_bbar, jac_bbar = energies.transfer_sampler(x.bbar, mass_b).forward(u[..., 3])
        momenta = (
            x.lep_plus.momentum(pair.e1, 0.0), x.lep_minus.momentum(pair.e2, 0.0),
            x.b.momentum(e_b, mass_b), x.bbar.momentum(e_bbar, mass_b),
        )
        total = momenta[0] + momenta[1] + momenta[2] + momenta[3]
        to_x, to_y = observed.recoil_shift(x, momenta[2], momenta[3], model.detector.recoil.c)
        recoil = model.detector.recoil.g(total.x, total.y) * model.detector.recoil.n2(to_x - total.x, to_y - total.y)
        weight = pair.jacobian * jac_b * jac_bbar * recoil * _matrix_element(momenta, total, model, boosted=True)
        return measure.finite_or_zero(weight * _visible(x, momenta, model), pair.valid)

    def _visible(x: observed.Observed, momenta, model: Model) -> Array:
        density = observed.transfer_density(model.detector, x, tuple(p.e for p in momenta))
        for p in momenta:
            density = density * measure.visible_phase_space(p)
        return density

    def _matrix_element(momenta, total, model: Model, boosted: bool) -> Array:
        state = measure.initial_state(total, model.sqrt_s)
        hard = tuple(transverse_boost_to_rest(p, total) for p in momenta)
        me = msq_channels((*state.partons(model.sqrt_s), hard[2], hard[3], hard[0], hard[1]), model.amplitude)
        lumi = measure.luminosity(model.pdf, state)
        flavours = (
            lumi.gg * me.gg + lumi.uubar * me.uubar + lumi.ubaru * me.ubaru + lumi.ddbar * me.ddbar + lumi.dbard * me.dbard
        )
        measured_recoil = total.e / state.e_hard if boosted else 1.0
        return measure.finite_or_zero(
            HBARC2_PB * state.flux * measured_recoil * flavours, state.valid & model.cuts.passed(*hard)
        )

    return 4, transverse


def drell_yan() -> DrellYan:
    """The Drell-Yan + b bbar hypothesis (its options are in the configuration)."""
    return DrellYan()
