"""A detector as the weight sees it: one transfer function for each kind of object, and the recoil."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Protocol

import jax

from momentax.transfer.efficiency import Efficiency, efficiency_from_config
from momentax.transfer.gaussian import GaussianTransfer
from momentax.transfer.recoil import RecoilModel, make_recoil, recoil_model
from momentax.transfer.table import load_binned_transfer

if TYPE_CHECKING:
    from momentax.config import DetectorConfig, EfficiencyConfig

Array = jax.Array


class Transfer(Protocol):
    """What every transfer function on the energy offers; energies in GeV."""

    def density(self, e_rec: Array, e_gen: Array) -> Array: ...

    def log_density(self, e_rec: Array, e_gen: Array) -> Array: ...

    def sample(self, u: Array, e_gen: Array) -> Array: ...

    def likelihood_moments(self, e_rec: Array) -> tuple[Array, Array]: ...


class Detector(NamedTuple):
    """Transfer functions of electrons, muons and b jets, and the recoil of the hard system."""

    electron: Transfer
    muon: Transfer
    bjet: Transfer
    recoil: RecoilModel
    efficiency: Efficiency | None = None
    """epsilon(y), a factor of the integrand; None: left out."""


def default_detector() -> Detector:
    """The built-in detector: Gaussian, leptons sigma/E = 0.02, b jets sigma/E = sqrt(1.0/E + 0.10^2)."""
    lepton = GaussianTransfer(0.0, 0.0, 0.02)
    return Detector(lepton, lepton, GaussianTransfer(0.0, 1.0, 0.10), recoil_model("builtin"))


def binned_detector(
    table: str | os.PathLike[str] | None = None, recoil: RecoilModel | str = "builtin"
) -> Detector:
    """Detector of tabulated transfer functions: the file ``table``, or the table that travels with momentax.

    ``recoil``: a model or the name of a preset. Raises :class:`InputError` for a malformed table.
    """
    model = recoil_model(recoil) if isinstance(recoil, str) else recoil
    electron, muon, bjet = (load_binned_transfer(name, table) for name in ("electron", "muon", "b_preFSR"))
    return Detector(electron, muon, bjet, model)


def detector_from_config(
    config: DetectorConfig, efficiency: EfficiencyConfig | None = None, kind: str | None = None
) -> Detector:
    """The detector of the sections ``detector`` and ``efficiency`` of ``physics`` in the configuration.

    ``kind``: of the hypothesis, whose own g(k_T) is taken if the configuration has one.
    """
    seen = None if efficiency is None else efficiency_from_config(efficiency)
    g = getattr(config.recoil.per_hypothesis, kind or "", None) or config.recoil
    recoil = make_recoil(g.weights, g.sigmas, config.recoil.sigma_u, config.recoil.c)
    if config.kind == "binned":
        return binned_detector(config.table, recoil)._replace(efficiency=seen)
    electron, muon, bjet = (
        GaussianTransfer(0.0, r.stochastic, r.constant) for r in (config.electron, config.muon, config.bjet)
    )
    return Detector(electron, muon, bjet, recoil, seen)
