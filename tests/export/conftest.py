"""Regressors with random kernels on realistic events: exports copy arithmetic, whatever the kernels."""

from pathlib import Path

import numpy as np
import pytest

from momentax.events import read_events
from momentax.regress import RegressConfig, paper_preset
from momentax.regress.inputs import raw_inputs
from momentax.regress.untrained import untrained

EVENTS = Path(__file__).parents[1] / "data/events"
POINTS = np.array([(200.0, 50.0), (250.0, 50.0), (500.0, 300.0), (800.0, 700.0), (3000.0, 2000.0)])
CONFIGS = {
    "ttbar": ("ttbar", RegressConfig(members=2)),
    "drell_yan": ("drell_yan", RegressConfig(members=1)),
    "hza": ("hza", RegressConfig(members=2, layers="gated", hidden=[32, 32])),
    "paper": ("hza", paper_preset("hza").model_copy(update={"hidden": [50, 50], "members": 2})),
}


@pytest.fixture(scope="session")
def raw() -> np.ndarray:
    """Measured momenta [1800, 18] of Drell-Yan, ttbar and H -> ZA."""
    files = ("zbb_600", "tt_600", "za_500_300_600")
    return np.concatenate([raw_inputs(read_events(EVENTS / f"{f}.root")) for f in files]).astype(np.float32)


@pytest.fixture(scope="session")
def masses(raw) -> np.ndarray:
    """Every event at one of the mass points, and some beside them."""
    chosen = POINTS[np.arange(len(raw)) % len(POINTS)].astype(np.float32)
    chosen[::7] *= 1.3
    return chosen


@pytest.fixture(scope="session", params=list(CONFIGS))
def regressor(request, raw):
    kind, config = CONFIGS[request.param]
    return untrained(kind, config, raw.astype(float), POINTS if kind == "hza" else None)
