"""Efficiency epsilon(y) to reconstruct the objects of an event: a factor for each lepton and each b jet.

    epsilon(y) = eps_l+ eps_l- eps_b(pT_b) eps_b(pT_bbar),    eps_b(pT) = plateau (1 - exp(-pT/turn_on))/(1 + pT/fall)

One form for the integrand of the weight, the built-in generator (both at the true momenta) and the showered samples
(``eff_weight``, at the measured ones). Parameters and their sources: :class:`momentax.config.EfficiencyConfig`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from momentax.config import EfficiencyConfig

Array = jax.Array


class Efficiency(NamedTuple):
    """Parameters of epsilon(y); a pytree of numbers. Arguments of its methods: arrays of any batch shape."""

    electron: Array | float
    muon: Array | float
    b_tag: Array | float
    b_tag_turn_on: Array | float
    """GeV."""
    b_tag_fall: Array | float
    """GeV."""

    def lepton(self, is_muon: Array) -> Array:
        """Of a lepton: a constant of its flavour (``is_muon`` 1 or 0)."""
        return self.electron + is_muon * (self.muon - self.electron)

    def b_jet(self, pt: Any) -> Any:
        """Of the b tag at transverse momentum ``pt`` in GeV; numpy in, numpy out."""
        expm1: Any = np.expm1 if isinstance(pt, np.ndarray) else jnp.expm1
        return self.b_tag * -expm1(-pt / self.b_tag_turn_on) / (1.0 + pt / self.b_tag_fall)

    def event(self, is_muon: tuple[Array, Array], pt_b: tuple[Array, Array]) -> Array:
        """epsilon(y): two leptons, two b quarks of transverse momenta ``pt_b`` in GeV."""
        leptons = self.lepton(is_muon[0]) * self.lepton(is_muon[1])
        return leptons * self.b_jet(pt_b[0]) * self.b_jet(pt_b[1])


def efficiency_from_config(config: EfficiencyConfig) -> Efficiency:
    """The efficiency of a section ``physics.efficiency`` or ``shower.efficiency`` of the configuration."""
    return Efficiency(**config.model_dump())


__all__ = ["Efficiency", "efficiency_from_config"]
