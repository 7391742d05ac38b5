"""Dileptonic top pairs: gg, q qbar -> (b l+ nu)(bbar l- nubar), off-shell tops and W.

Unit cube, recoil ``transverse``: (E_l+, E_l-, E_b, E_bbar | s_W+, s_t, s_W-, s_tbar | k_T): energies from the transfer
functions, Breit-Wigner maps for the four resonances, k_T drawn exactly from g(k_T) N2(k_rec - k_T); the neutrinos
follow from these (block D: up to four solutions, summed).
Recoil ``balanced``: without the last two; the neutrinos' transverse momentum is the measured missing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from momentax.amplitudes.top_decay import ttbar_parameters
from momentax.amplitudes.ttbar import msq_channels
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B, MASS_T, MASS_W, MASS_Z, WIDTH_W, WIDTH_Z
from momentax.errors import PhysicsError
from momentax.kinematics import transverse_boost_to_rest
from momentax.maps import BlockD, BreitWigner, NeutrinoEllipse, RecoilMixture
from momentax.processes import energies, measure, observed
from momentax.processes.base import Hypothesis, IntegrandFn, Model, Options

Array = jax.Array


@dataclass(frozen=True)
class TTbar(Hypothesis):
    """Dileptonic ttbar at top mass ``mt`` (GeV) with its leading-order width; muF = mt."""

    mt: float = MASS_T
    kind: ClassVar[str] = "ttbar"

    def __post_init__(self) -> None:
        if not self.mt > 90.0:
            raise PhysicsError(
                f"ttbar: mt = {self.mt:g} GeV leaves no phase space for t -> W b; give mt > 90 GeV"
            )

    @property
    def label(self) -> str:
        return self.kind if self.mt == MASS_T else f"{self.kind}_{self.mt:g}"

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


@cache
def _integrand(options: Options) -> tuple[int, IntegrandFn]:
    mass_b = 0.0 if options.massless_b else MASS_B
    balanced = options.recoil_mode == "balanced"

    def integrand(u: Array, x: observed.Observed, model: Model) -> Array:
        par = model.amplitude
        samplers = (
            energies.transfer_sampler(x.lep_plus, 0.0),
            energies.transfer_sampler(x.lep_minus, 0.0),
            energies.transfer_sampler(x.b, mass_b),
            energies.transfer_sampler(x.bbar, mass_b),
        )
        (e_plus, j0), (e_minus, j1), (e_b, j2), (e_bbar, j3) = (
            m.forward(u[..., i]) for i, m in enumerate(samplers)
        )
        lep_plus, lep_minus = x.lep_plus.momentum(e_plus, 0.0), x.lep_minus.momentum(e_minus, 0.0)
        b, bbar = x.b.momentum(e_b, mass_b), x.bbar.momentum(e_bbar, mass_b)
        pole_w, pole_t = BreitWigner(par.mass_w, par.width_w), BreitWigner(par.mass_t, par.width_t)
        (s_wp, j4), (s_t, j5) = pole_w.forward(u[..., 4]), pole_t.forward(u[..., 5])
        (s_wm, j6), (s_tbar, j7) = pole_w.forward(u[..., 6]), pole_t.forward(u[..., 7])
        visible = lep_plus + lep_minus + b + bbar
        if balanced:
            met_x, met_y = observed.missing_pt(x)
            nunu_x, nunu_y, recoil = met_x, met_y, 1.0
        else:
            model_k = model.detector.recoil
            centre = observed.recoil_shift(x, b, bbar, model_k.c)
            # g N2 times the Jacobian of sampling k_T from it is its integral
            mixture, recoil = RecoilMixture.posterior(
                model_k.weights, model_k.sigmas, model_k.sigma_u, *centre
            )
            (k_x, k_y), _ = mixture.forward(u[..., 8], u[..., 9])
            nunu_x, nunu_y = k_x - visible.x, k_y - visible.y
        weight = HBARC2_PB * j0 * j1 * j2 * j3 * j4 * j5 * j6 * j7 * recoil
        weight = weight * observed.transfer_density(model.detector, x, (e_plus, e_minus, e_b, e_bbar))
        for p in (lep_plus, lep_minus, b, bbar):
            weight = weight * measure.visible_phase_space(p)
        return weight * _solutions(
            lep_plus, b, lep_minus, bbar, (s_wp, s_t, s_wm, s_tbar), (nunu_x, nunu_y), model
        )

    def _solutions(lep_plus, b, lep_minus, bbar, masses2, nunu, model: Model) -> Array:
        """Sum over the neutrinos that solve the constraints of Jacobian x initial state x matrix element."""
        s_wp, s_t, s_wm, s_tbar = masses2
        top = NeutrinoEllipse.from_masses(lep_plus, b, s_wp, s_t, 0.0, mass_b**2)
        antitop = NeutrinoEllipse.from_masses(lep_minus, bbar, s_wm, s_tbar, 0.0, mass_b**2)
        nu, nubar, valid, jacobian = BlockD(model.sqrt_s**2, top, antitop, *nunu).forward()
        visible = lep_plus + lep_minus + b + bbar
        total = visible + nu + nubar
        state = measure.initial_state(total, model.sqrt_s)
        hard = tuple(transverse_boost_to_rest(p, total) for p in (lep_plus, nu, b, lep_minus, nubar, bbar))
        me = msq_channels((*state.partons(model.sqrt_s), *hard), model.amplitude)
        lumi = measure.luminosity(model.pdf, state)
        # block D's Jacobian holds (2 pi)^4 2/s and 1/(2 pi)^6 of the neutrinos: of the flux 1/(2 q1 q2 s) is left
        factor = (
            (lumi.gg * me.gg + lumi.qqbar * me.qqbar)
            * jacobian
            / (2.0 * state.q1 * state.q2 * model.sqrt_s**2)
        )
        if not balanced:
            factor = factor * total.e / state.e_hard
        return jnp.sum(measure.finite_or_zero(factor, valid & state.valid), axis=0)

    return (8 if balanced else 10), integrand


def ttbar(mt: float = MASS_T) -> TTbar:
    """The dileptonic ttbar hypothesis at top mass ``mt`` (GeV). Raises PhysicsError below threshold."""
    return TTbar(float(mt))
