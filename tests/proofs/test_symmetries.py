"""The symmetries that networks are trained with leave the integrals unchanged, each within its error."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

import momentax
from momentax.events import read_events
from momentax.regress import symmetries
from momentax.regress.inputs import RAW, raw_inputs

pytestmark = pytest.mark.proof
EVENTS = Path(__file__).parents[1] / "data" / "events"
N = 25


def _with_raw(events: ak.Array, raw: np.ndarray) -> ak.Array:
    """Events with other measured momenta."""
    for i, name in enumerate(RAW):
        obj, variable = name.rsplit("_", 1)
        events = ak.with_field(events, raw[:, i], (obj, variable))
    return events


@pytest.mark.parametrize("hypothesis", ["drell_yan", "ttbar", "hza_500_300"])
def test_weights_do_not_change(hypothesis: str) -> None:
    """1 % weights of 25 events of each of two samples: pulls have a width of one and a mean of zero.

    A change of 1 % of all weights of a kind would move the mean pull by 0.7, five of its standard deviations.
    """
    samples = [read_events(EVENTS / f"{name}_600.root", truth=False)[:N] for name in ("tt", "za_500_300")]
    events = ak.concatenate(samples)
    config = {"integration": {"relative_accuracy": 0.01, "n_eval": [16384, 65536, 262144]}}
    raw = raw_inputs(events)
    before = momentax.weigh(events, hypothesis, config)
    changes = {
        "rotation": symmetries.rotated(raw, np.full(len(raw), 1.3)),
        "phi": symmetries.reflected_in_phi(raw),
        "eta": symmetries.reflected_in_eta(raw),
        "jets": symmetries.exchanged_jets(raw),
    }
    for name, changed in changes.items():
        after = momentax.weigh(_with_raw(events, changed), hypothesis, config)
        usable = (before["value"] > 0) & (after["value"] > 0)
        assert usable.mean() > 0.9
        difference = (after["value"] - before["value"])[usable]
        pull = difference / np.hypot(before["error"], after["error"])[usable]
        relative = difference / before["value"][usable]
        if hypothesis.startswith("hza"):
            # tables: no random numbers, their errors are upper bounds
            assert np.quantile(np.abs(relative), 0.9) < 0.01, name
            continue
        assert abs(pull.mean()) < 5 / np.sqrt(len(pull)), name
        assert np.quantile(np.abs(pull), 0.683) < 1.6, name
