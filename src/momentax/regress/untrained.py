"""Regressors with random kernels: as fast and as large as trained ones, for benchmarks and tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from momentax.regress import features, model, network
from momentax.regress.config import RegressConfig
from momentax.regress.inputs import Scaler
from momentax.regress.model import Spec
from momentax.regress.network import Architecture
from momentax.regress.regressor import Regressor
from momentax.regress.uncertainty import LEVELS, Calibration, fitted_domain


def untrained(
    kind: str,
    config: RegressConfig,
    raw: np.ndarray,
    mass_points: np.ndarray | None = None,
    physics: Any = None,
    information: dict[str, Any] | None = None,
) -> Regressor:
    """A regressor of ``config`` (inputs, topology, members) with random kernels, standardised on events.

    Args:
        raw: measured momenta [n, 18] of realistic events.
        mass_points: (mH, mA) [m, 2] in GeV, for ``hza``.
    """
    spread = 2 if config.spread else 1
    architecture = Architecture(
        len(features.names(config.inputs, kind)),
        tuple(config.hidden),
        spread,
        config.activation,
        config.output_activation,
        config.precision,
        config.layers,
        spread - 1,
    )
    spec = Spec(kind, config.inputs, architecture)
    points = np.empty((0, 2)) if mass_points is None else np.asarray(mass_points, np.float64)
    masses = np.zeros((len(raw), 2)) if not len(points) else points[np.arange(len(raw)) % len(points)]
    k = architecture.n_in
    of_physics = model.physics_numbers(spec, physics, points)
    plain = model.constants(spec, np.zeros(k), np.ones(k), 0.0, 1.0, of_physics)
    x = np.asarray(model.compute_inputs(spec, plain, raw, masses), np.float64)
    scaler = Scaler.fitted(x)
    numbers = model.constants(spec, scaler.mean, scaler.sd, 20.0, 2.0, of_physics)
    members = tuple(network.initial_parameters(architecture, config.seed + m) for m in range(config.members))
    at = np.linspace(16.0, 24.0, 5)
    return Regressor(
        spec,
        numbers,
        members,
        Calibration(LEVELS, 2.0 * LEVELS, at, 0.05 + 0.01 * np.arange(5.0)),
        fitted_domain(scaler(x)[:, : len(features.names(config.inputs, ""))], points),
        {"config": config.model_dump(mode="json"), "hypotheses": [kind], **(information or {})},
    )
