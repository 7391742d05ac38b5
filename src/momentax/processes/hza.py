"""H -> Z(l+ l-) A(b bbar), gg initiated, for any (mH, mA).

Unit cube, recoil ``transverse``: (E_l+, E_l- | s_ll, then two numbers for E_b, E_bbar through transfer functions and
the poles of A and H: :func:`momentax.processes.energies.b_pair`); the recoil densities are evaluated.
Recoil ``balanced``: (E_l+, E_l-); E_b and E_bbar follow from k_T = 0 (block A).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import jax
import numpy as np

from momentax.amplitudes import gg_hza
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B
from momentax.kinematics import transverse_boost_to_rest
from momentax.maps import BreitWigner
from momentax.processes import energies, measure, observed
from momentax.processes.base import Hypothesis, IntegrandFn, Model, Options
from momentax.processes.thdm import check_point, two_higgs_doublet

Array = jax.Array


@dataclass(frozen=True)
class HZA(Hypothesis):
    """gg -> H -> Z A -> l+ l- b bbar in the type-II 2HDM; muF = mH.

    ``widths`` = (Gamma_H, Gamma_A) in GeV overrides the leading-order ones of (tan_beta, cos_ba); None for
    ``tan_beta`` or ``cos_ba`` takes the configuration's.
    """

    mH: float
    mA: float
    widths: tuple[float, ...] | None = None
    tan_beta: float | None = None
    cos_ba: float | None = None
    kind: ClassVar[str] = "hza"
    masses: ClassVar[tuple[str, ...]] = ("mH", "mA")
    # A -> b bbar is isotropic in the A rest frame and the transfer functions of b and bbar are the same
    jets_exchangeable: ClassVar[bool] = True
    # far from the poles a few points carry much of the weight
    least_budget: ClassVar[int] = 32768

    def __post_init__(self) -> None:
        check_point(
            self.mH,
            self.mA,
            1.5 if self.tan_beta is None else self.tan_beta,
            0.01 if self.cos_ba is None else self.cos_ba,
            self.widths,
        )

    @property
    def label(self) -> str:
        # what differs from the configuration's model is part of the name: of its random stream and its branches
        extras = [("w", self.widths), ("tb", self.tan_beta), ("cba", self.cos_ba)]
        texts = [
            name + "_".join(f"{v:.10g}" for v in np.atleast_1d(value))
            for name, value in extras
            if value is not None
        ]
        return "_".join([f"hza_{self.mH:.10g}_{self.mA:.10g}", *texts]).replace("-", "m")

    def scale(self) -> float:
        return self.mH

    def amplitude_parameters(self, alpha_s: float, physics: PhysicsConfig) -> Any:
        tan_beta = physics.thdm.tan_beta if self.tan_beta is None else self.tan_beta
        cos_ba = physics.thdm.cos_ba if self.cos_ba is None else self.cos_ba
        model = two_higgs_doublet(self.mH, self.mA, tan_beta=tan_beta, cos_ba=cos_ba, widths=self.widths)
        return gg_hza.parameters({**model.reference_parameters(), "aS": alpha_s})

    def integrand(self, options: Options) -> tuple[int, IntegrandFn]:
        return _integrand(options)


@cache
def _integrand(options: Options) -> tuple[int, IntegrandFn]:
    def leptons(u: Array, x: observed.Observed, model: Model):
        pole = BreitWigner(model.amplitude.mass_z, model.amplitude.width_z, 0.0, model.sqrt_s**2)
        return energies.lepton_momenta(u[..., 0], u[..., 1], x, pole)

    def transverse(u: Array, x: observed.Observed, model: Model) -> Array:
        par, s_max = model.amplitude, model.sqrt_s**2
        pair, lep_plus, lep_minus = leptons(u, x, model)
        s_min = 4.0 * MASS_B**2
        poles = energies.BPairPoles(
            BreitWigner(par.mass_A, par.width_A, s_min, s_max),
            BreitWigner(par.mass_H, par.width_H, s_min, s_max),
        )
        bs = energies.b_pair(u[..., 2], u[..., 3], x.b, x.bbar, lep_plus + lep_minus, poles)
        b, bbar = x.b.momentum(bs.e1, MASS_B), x.bbar.momentum(bs.e2, MASS_B)
        total = lep_plus + lep_minus + b + bbar
        recoil = model.detector.recoil
        to_x, to_y = observed.recoil_shift(x, b, bbar, recoil.c)
        state, hard = hard_process(lep_plus, lep_minus, b, bbar, total, model)
        weight = (
            HBARC2_PB
            * pair.jacobian
            * bs.jacobian
            * hard
            * state.flux
            * total.e
            / state.e_hard
            * recoil.g(total.x, total.y)
            * recoil.n2(to_x - total.x, to_y - total.y)
            * measure.visible_phase_space(b)
            * measure.visible_phase_space(bbar)
        )
        valid = state.valid & pair.valid & bs.valid
        return measure.finite_or_zero(
            weight * measure.smearing(x, lep_plus, lep_minus, b, bbar, model.detector), valid
        )

    def balanced(u: Array, x: observed.Observed, model: Model) -> Array:
        pair, lep_plus, lep_minus = leptons(u, x, model)
        to_x, to_y = -lep_plus.x - lep_minus.x, -lep_plus.y - lep_minus.y
        (b, bbar), jacobian, valid = measure.balanced_b_quarks(x.b, x.bbar, to_x, to_y, model.sqrt_s, MASS_B)
        total = lep_plus + lep_minus + b + bbar
        state, hard = hard_process(lep_plus, lep_minus, b, bbar, total, model)
        weight = HBARC2_PB * pair.jacobian * jacobian * hard / (2.0 * state.q1 * state.q2 * model.sqrt_s**2)
        return measure.finite_or_zero(
            weight * measure.smearing(x, lep_plus, lep_minus, b, bbar, model.detector),
            state.valid & pair.valid & valid,
        )

    def hard_process(lep_plus, lep_minus, b, bbar, total, model: Model) -> tuple[measure.InitialState, Array]:
        """Initial state and f_g f_g Mbar^2."""
        state = measure.initial_state(total, model.sqrt_s)
        hard = tuple(transverse_boost_to_rest(p, total) for p in (lep_plus, lep_minus, b, bbar))
        me = gg_hza.msq((*state.partons(model.sqrt_s), *hard), model.amplitude)
        return state, me * measure.gluon_luminosity(model.pdf, state)

    return (2, balanced) if options.recoil_mode == "balanced" else (4, transverse)


def hza(
    mH: float,
    mA: float,
    widths: Sequence[float] | None = None,
    tan_beta: float | None = None,
    cos_ba: float | None = None,
) -> HZA:
    """The H -> Z(ll) A(bb) hypothesis at masses ``mH``, ``mA`` (GeV).

    ``widths`` = (Gamma_H, Gamma_A) in GeV; by default the leading-order 2HDM widths of ``tan_beta`` (1.5) and
    ``cos_ba`` = cos(beta - alpha) (0.01). Raises PhysicsError below threshold.
    """
    return HZA(float(mH), float(mA), None if widths is None else tuple(map(float, widths)), tan_beta, cos_ba)
