"""ROC curves of the same events with two detectors."""

from pathlib import Path

import numpy as np
import pytest

from momentax.classify.detectors import Scores, compare_detectors, discriminants
from momentax.classify.roc import auc_difference, roc
from momentax.config import PhysicsConfig
from momentax.errors import InputError
from momentax.events import read_events
from momentax.plots.detectors import detector_roc

EVENTS = Path(__file__).parents[1] / "data/events"


def noisy(rng, x: np.ndarray, noise: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(x + noise * rng.standard_normal(len(x)))))


@pytest.fixture(scope="module")
def scores() -> tuple[Scores, Scores]:
    """Two scores of the same 400 + 400 events, the second with more noise."""
    rng = np.random.default_rng(4)
    signal, background = rng.normal(1, 1, 400), rng.normal(-1, 1, 400)
    return tuple(Scores(noisy(rng, signal, n), noisy(rng, background, n)) for n in (0.1, 0.8))


def test_difference_of_areas_is_of_the_same_events(scores):
    a, b = scores
    curves = [roc("x", *s, replicas=500) for s in scores]
    value, error = auc_difference(*curves)
    # the definition: pairs of a signal and a background event that are in the right order, ties one half
    above = [(s.signal[:, None] > s.background) + 0.5 * (s.signal[:, None] == s.background) for s in (a, b)]
    assert value == pytest.approx(np.mean(above[0] - above[1]), abs=1e-12)
    assert value > 4 * error
    # events are shared: far less than the errors in quadrature
    assert 0.2 < error / np.hypot(*(c.auc_error for c in curves)) < 0.8
    assert auc_difference(curves[0], curves[0]) == (0.0, 0.0)


def test_curves_and_differences_have_names(scores):
    curves, facts = compare_detectors(
        {name: {"tt": s} for name, s in zip(("fitted", "gaussian"), scores, strict=True)}, replicas=20
    )
    assert [c.name for c in curves] == ["tt : fitted", "tt : gaussian"]
    assert list(facts) == ["tt: fitted less gaussian"]
    axes = detector_roc(curves, facts, {"za": "hza_500_300", "tt": "ttbar"}).axes
    texts = [t.get_text() for t in axes[0].get_legend().get_texts()]
    assert len(axes) == 1 and len(texts) == 3 and texts[0].startswith("fitted: AUC")
    assert facts["tt: fitted less gaussian"]["auc"] == pytest.approx(curves[0].auc - curves[1].auc)


def test_discriminants_are_those_of_the_weights():
    """Signal and background of 8 events each: D above 1/2 for most of the signal, below for most of the background."""
    events = {
        name: read_events(EVENTS / f"{file}_600.root", entry_stop=8, truth=False)
        for name, file in (("za", "za_500_300"), ("zbb", "zbb"))
    }
    truth = {"za": "hza_500_300", "zbb": "drell_yan"}
    physics = PhysicsConfig.model_validate({"integration": {"n_eval": [1024], "relative_accuracy": 0.5}})
    found = discriminants(events, truth, "za", physics)
    assert list(found) == ["zbb"]
    assert len(found["zbb"].signal) == len(found["zbb"].background) == 8
    assert np.median(found["zbb"].signal) > np.median(found["zbb"].background)
    with pytest.raises(InputError, match="no event has a usable weight of"):
        discriminants({name: some[:0] for name, some in events.items()}, truth, "za", physics)
