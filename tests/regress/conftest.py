"""Fixtures of the closed-form problem."""

import awkward as ak
import numpy as np
import pytest
from closed_form import PER_SAMPLE, POINTS, as_weights, make_events, true_information

from momentax.regress.targets import WeightedEvents


@pytest.fixture(scope="session")
def problem() -> WeightedEvents:
    """Two samples of 2,000 events with Drell-Yan weights and three H->ZA points."""
    events = ak.concatenate([make_events(PER_SAMPLE, 1, "drell_yan"), make_events(PER_SAMPLE, 2, "ttbar")])
    weights = {"drell_yan": as_weights(true_information(events))}
    for point in POINTS:
        weights[f"hza_{point[0]:g}_{point[1]:g}"] = as_weights(true_information(events, point))
    return WeightedEvents(events, np.repeat(["drell_yan", "ttbar"], PER_SAMPLE), weights, {})
