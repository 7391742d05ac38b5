"""Settings of a training that goes on from a trained regressor."""

from __future__ import annotations

from collections.abc import Collection

from momentax.regress.config import RegressConfig
from momentax.regress.regressor import Regressor


def continued(config: RegressConfig, start: Regressor, given: Collection[str] = ()) -> RegressConfig:
    """``config`` with inputs, topology and number of networks of ``start``, but for the settings named ``given``.

    What is given and does not fit is refused by the training, with the difference.
    """
    of_start = {
        "inputs": start.spec.inputs,
        "hidden": list(start.spec.architecture.hidden),
        "layers": start.spec.architecture.layers,
        "activation": start.spec.architecture.activation,
        "output_activation": start.spec.architecture.output_activation,
        "precision": start.spec.architecture.precision,
        "spread": start.spec.architecture.n_out == 2,
        "members": len(start.members),
    }
    kept = {k: v for k, v in of_start.items() if k not in given}
    return RegressConfig.model_validate(config.model_dump() | kept)
