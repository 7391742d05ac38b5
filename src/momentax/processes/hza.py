"""H -> Z(l+ l-) A(b bbar), gg initiated, for any (mH, mA).

Unit cube, recoil ``transverse``: (E_l+, E_l- | s_ll, then two numbers for E_b, E_bbar through transfer functions and
the poles of A and H: :func:`momentax.processes.energies.b_pair`); the recoil densities are evaluated.
Recoil ``balanced``: (E_l+, E_l-); E_b and E_bbar follow from k_T = 0 (block A).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import jax

from momentax.amplitudes import gg_hza
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B
from momentax.kinematics import transverse_boost_to_rest
from momentax.maps import BreitWigner
from momentax.processes import energies, measure, observed
from momentax.processes.base import Hypothesis, IntegrandFn, Model, Options
from momentax.processes.thdm import two_higgs_doublet

Array = jax.Array


@dataclass(frozen=True)
class HZA(Hypothesis):
    """gg -> H -> Z A -> l+ l- b bbar in the type-II 2HDM; muF = mH.

    ``widths`` = (Gamma_H, Gamma_A) in GeV overrides the leading-order ones of (tan_beta, cos_ba); None for
    ``tan_beta`` or ``cos_ba`` takes the configuration's.
    """

    mH: float
    mA: float
    widths: tuple[float, float] | None = None
    tan_beta: float | None = None
    cos_ba: float | None = None
    kind: ClassVar[str] = "hza"

    def __post_init__(self) -> None:
        two_higgs_doublet(self.mH, self.mA)  # refuses masses out of range

    @property
    def label(self) -> str:
        return f"hza_{self.mH:g}_{self.mA:g}"

    def scale(self) -> float:
        return self.mH

    def amplitude_parameters(self, alpha_s: float, physics: PhysicsConfig) -> Any:
        tan_beta = physics.thdm.tan_beta if self.tan_beta is None else self.tan_beta
        cos_ba = physics.thdm.cos_ba if self.cos_ba is None else self.cos_ba
        model = two_higgs_doublet(self.mH, self.mA, tan_beta=tan_beta, cos_ba=cos_ba, widths=self.widths)
        return gg_hza.parameters({**model.reference_parameters(), "aS": alpha_s})

    def integrand(self, options: Options) -> tuple[int, IntegrandFn]:
        return _integrand(options)


@lru_cache(maxsize=None)
def _integrand(options: Options) -> tuple[int, IntegrandFn]:
    def transverse(u: Array, x: observed.Observed, model: Model) -> Array:
        par = model.amplitude
        s_max = model.sqrt_s**2
        leptons = energies.lepton_pair(u[..., 0], u[..., 1], x.lep_plus, x.lep_minus, BreitWigner(par.mass_z, par.width_z, 0.0, s_max))
        p_plus, p_minus = x.lep_plus.momentum(leptons.e1, 0.0), x.lep_minus.momentum(leptons.e2, 0.0)
        poles = energies.BPairPoles(
            BreitWigner(par.mass_A, par.width_A, 4.0 * MASS_B**2, s_max), BreitWigner(par.mass_H, par.width_H, 4.0 * MASS_B**2, s_max)
        )
        bs = energies.b_pair(u[..., 2], u[..., 3], x.b, x.bbar, p_plus + p_minus, poles)
        momenta = (p_plus, p_minus, x.b.momentum(bs.e1, MASS_B), x.bbar.momentum(bs.e2, MASS_B))
        total = momenta[0] + momenta[1] + momenta[2] + momenta[3]
        state = measure.initial_state(total, model.sqrt_s)
        hard = tuple(transverse_boost_to_rest(p, total) for p in momenta)
        me = gg_hza.msq((*state.partons(model.sqrt_s), *hard), par)
        to_x, to_y = observed.recoil_shift(x, momenta[2], momenta[3], model.detector.recoil.c)
        weight = (
            HBARC2_PB * leptons.jacobian * bs.jacobian
            * state.flux * total.e / state.e_hard
            * measure.gluon_luminosity(model.pdf, state) * me
            * model.detector.recoil.g(total.x, total.y)
            * model.detector.recoil.n2(to_x - total.x, to_y - total.y)
            * observed.transfer_density(model.detector, x, tuple(p.e for p in momenta))
        )
        for p in momenta:
            weight = weight * measure.visible_phase_space(p)
        return measure.finite_or_zero(weight, state.valid & leptons.valid & bs.valid)

    return 4, transverse


def hza(
    mH: float,
    mA: float,
    widths: tuple[float, float] | None = None,
    tan_beta: float | None = None,
    cos_ba: float | None = None,
) -> HZA:
    """The H -> Z(ll) A(bb) hypothesis at masses ``mH``, ``mA`` (GeV).

    ``widths`` = (Gamma_H, Gamma_A) in GeV; by default the leading-order 2HDM widths of ``tan_beta`` (1.5) and
    ``cos_ba`` = cos(beta - alpha) (0.01). Raises PhysicsError below threshold.
    """
    return HZA(float(mH), float(mA), widths, tan_beta, cos_ba)
