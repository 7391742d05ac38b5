"""Dileptonic top pairs: gg, q qbar -> (b l+ nu)(bbar l- nubar), off-shell tops and W.

Unit cube, recoil ``transverse``: (E_l+, E_l-, E_b, E_bbar | s_W+, s_t, s_W-, s_tbar | phi, phibar): energies from the
transfer functions, Breit-Wigner maps for the four resonances (tops at least as heavy as their lepton and b demand);
each neutrino then lies on an ellipse (Betchart, Demina, Harel 2013), and both angles are drawn together from the
density of the recoil.
Recoil ``balanced``: without the angles; both neutrinos follow from the measured missing transverse momentum (block D:
up to four solutions, summed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from momentax.amplitudes.top_decay import ttbar_parameters
from momentax.amplitudes.ttbar import msq_channels
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B, MASS_T, MASS_W, MASS_Z, WIDTH_W, WIDTH_Z
from momentax.errors import PhysicsError
from momentax.kinematics import FourVector, transverse_boost_to_rest
from momentax.maps import BlockD, BreitWigner, NeutrinoAngles, NeutrinoEllipse, smallest_top_mass2
from momentax.processes import energies, measure, observed
from momentax.processes.base import Hypothesis, IntegrandFn, Model, Options

Array = jax.Array


@dataclass(frozen=True)
class TTbar(Hypothesis):
    """Dileptonic ttbar at top mass ``mt`` (GeV) with its leading-order width; muF = mt."""

    mt: float = MASS_T
    kind: ClassVar[str] = "ttbar"
    # ten dimensions: with fewer points a replicate may miss what carries the integral
    least_budget: ClassVar[int] = 8192
    masses: ClassVar[tuple[str, ...]] = ("mt",)

    def __post_init__(self) -> None:
        if not 90.0 < self.mt < math.inf:
            raise PhysicsError(
                f"ttbar: mt = {self.mt:g} GeV leaves no phase space for t -> W b; give a finite mt > 90 GeV"
            )

    @property
    def label(self) -> str:
        return self.kind if self.mt == MASS_T else f"{self.kind}_{self.mt:.10g}"

    def scale(self) -> float:
        return self.mt

    def amplitude_parameters(self, alpha_s: float, physics: PhysicsConfig) -> Any:
        mb = 0.0 if physics.massless_b else MASS_B
        # WT is left out: its leading-order value
        return ttbar_parameters(
            {"aS": alpha_s, "MT": self.mt, "MW": MASS_W, "WW": WIDTH_W, "MZ": MASS_Z, "WZ": WIDTH_Z, "MB": mb}
        )

    def integrand(self, options: Options) -> tuple[int, IntegrandFn]:
        return _integrand(options)


class _Sides(NamedTuple):
    """Everything sampled before the neutrinos: momenta, their neutrino ellipses, product of the Jacobians."""

    lep_plus: FourVector
    lep_minus: FourVector
    b: FourVector
    bbar: FourVector
    top: NeutrinoEllipse
    antitop: NeutrinoEllipse
    jacobian: Array


@cache
def _integrand(options: Options) -> tuple[int, IntegrandFn]:
    mass_b = 0.0 if options.massless_b else MASS_B

    def sides(u: Array, x: observed.Observed, model: Model) -> _Sides:
        par = model.amplitude
        samplers = (
            (energies.transfer_sampler(x.lep_plus, 0.0), x.lep_plus, 0.0),
            (energies.transfer_sampler(x.lep_minus, 0.0), x.lep_minus, 0.0),
            (energies.transfer_sampler(x.b, mass_b), x.b, mass_b),
            (energies.transfer_sampler(x.bbar, mass_b), x.bbar, mass_b),
        )
        jacobian = jnp.ones(())
        momenta = []
        for i, (sampler, particle, mass) in enumerate(samplers):
            e, jac = sampler.forward(u[..., i])
            momenta.append(particle.momentum(e, mass))
            jacobian = jacobian * jac
        lep_plus, lep_minus, b, bbar = momenta
        ellipses = []
        for i, lepton, quark in ((4, lep_plus, b), (6, lep_minus, bbar)):
            s_w, jac_w = energies.resonance(u[..., i], BreitWigner(par.mass_w, par.width_w))
            # (l b) may be heavier than a top: s_t from where its ellipse begins, or nearly every point would be lost
            s_min = smallest_top_mass2(lepton, quark, s_w, mass_b**2)
            s_t, jac_t = energies.resonance(u[..., i + 1], BreitWigner(par.mass_t, par.width_t, s_min))
            ellipses.append(NeutrinoEllipse.from_masses(lepton, quark, s_w, s_t, 0.0, mass_b**2))
            jacobian = jacobian * jac_w * jac_t
        top, antitop = ellipses
        return _Sides(lep_plus, lep_minus, b, bbar, top, antitop, jacobian)

    def transverse(u: Array, x: observed.Observed, model: Model) -> Array:
        t = sides(u, x, model)
        visible = t.lep_plus + t.lep_minus + t.b + t.bbar
        recoil = model.detector.recoil
        to_x, to_y = observed.recoil_shift(x, t.b, t.bbar, recoil.c)
        k_x, k_y, variance = recoil.moments(to_x, to_y)
        angles = NeutrinoAngles(t.top, t.antitop, k_x - visible.x, k_y - visible.y, variance)
        nu, nubar, jac_angles = angles.forward(u[..., 8], u[..., 9])
        total = visible + nu + nubar
        state, hard = hard_process(t, nu, nubar, total, model)
        weight = (
            HBARC2_PB
            * t.jacobian
            * jac_angles
            / (2.0 * math.pi) ** 6
            * hard
            * state.flux
            * total.e
            / state.e_hard
            * recoil.g(total.x, total.y)
            * recoil.n2(to_x - total.x, to_y - total.y)
        )
        valid = state.valid & t.top.valid & t.antitop.valid
        return measure.finite_or_zero(weight * smearing(x, t, model), valid)

    def balanced(u: Array, x: observed.Observed, model: Model) -> Array:
        t = sides(u, x, model)
        nu, nubar, valid, jacobian = BlockD(
            model.sqrt_s**2, t.top, t.antitop, *observed.missing_pt(x)
        ).forward()
        total = t.lep_plus + t.lep_minus + t.b + t.bbar + nu + nubar
        state, hard = hard_process(t, nu, nubar, total, model)
        # block D's Jacobian holds (2 pi)^4 2/s and 1/(2 pi)^6 of the neutrinos: of the flux 1/(2 q1 q2 s) is left
        solutions = measure.finite_or_zero(
            jacobian * hard / (2.0 * state.q1 * state.q2 * model.sqrt_s**2), valid & state.valid
        )
        return HBARC2_PB * t.jacobian * smearing(x, t, model) * jnp.sum(solutions, axis=0)

    def smearing(x: observed.Observed, t: _Sides, model: Model) -> Array:
        """Transfer functions and phase space of the visible objects."""
        both = measure.visible_phase_space(t.b) * measure.visible_phase_space(t.bbar)
        return both * measure.smearing(x, t.lep_plus, t.lep_minus, t.b, t.bbar, model.detector)

    def hard_process(t: _Sides, nu, nubar, total, model: Model) -> tuple[measure.InitialState, Array]:
        """Initial state, and the sum over flavours of f f Mbar^2."""
        state = measure.initial_state(total, model.sqrt_s)
        final = (t.lep_plus, nu, t.b, t.lep_minus, nubar, t.bbar)
        hard = tuple(transverse_boost_to_rest(p, total) for p in final)
        me = msq_channels((*state.partons(model.sqrt_s), *hard), model.amplitude)
        lumi = measure.luminosity(model.pdf, state)
        return state, lumi.gg * me.gg + lumi.qqbar * me.qqbar

    return (8, balanced) if options.recoil_mode == "balanced" else (10, transverse)


def ttbar(mt: float = MASS_T) -> TTbar:
    """The dileptonic ttbar hypothesis at top mass ``mt`` (GeV). Raises PhysicsError below threshold."""
    return TTbar(float(mt))
