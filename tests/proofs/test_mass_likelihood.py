"""For built-in H -> ZA(500, 300) events the likelihood over a small mass scan has its minimum at the truth."""

import numpy as np
import pytest

from momentax.config import PhysicsConfig
from momentax.simulate import cross_section, generate
from momentax.weight import weigh

PHYSICS = PhysicsConfig.model_validate({"integration": {"n_eval": (4096, 16384), "relative_accuracy": 0.05}})
N_EVENTS = 300


def minus_log_likelihood(events, points):
    """-ln W + ln sigma of every event and mass point, [events, points]."""
    columns = []
    for mh, ma in points:
        label = f"hza_{mh:g}_{ma:g}"
        columns.append(-np.log(weigh(events, label, PHYSICS)["value"]) + np.log(cross_section(label)[0]))
    return np.stack(columns, axis=1)


@pytest.mark.proof
def test_minimum_is_at_the_truth():
    """A parabola through mean(-ln L) along each mass: its minimum within 3 standard errors (jackknife) of the truth."""
    events, _ = generate("hza_500_300", N_EVENTS, seed=5)
    for axis, steps in (("mH", (-16.0, -8.0, 0.0, 8.0, 16.0)), ("mA", (-9.0, -4.5, 0.0, 4.5, 9.0))):
        points = [(500.0 + s, 300.0) if axis == "mH" else (500.0, 300.0 + s) for s in steps]
        values = minus_log_likelihood(events, points)
        assert np.all(np.isfinite(values))

        def minimum(sample, steps=steps):
            curvature, slope, _ = np.polyfit(steps, sample.mean(axis=0), 2)
            assert curvature > 0
            return -slope / (2 * curvature)

        best = minimum(values)
        blocks = np.array_split(np.arange(len(values)), 20)
        jackknife = np.array([minimum(np.delete(values, block, axis=0)) for block in blocks])
        error = np.sqrt(19 / 20 * np.sum((jackknife - jackknife.mean()) ** 2))
        print(f"{axis}: minimum {best:+.2f} +- {error:.2f} GeV from the truth")
        assert error < 4.0
        assert abs(best) < 3 * error
        # and of the scanned points the truth is the best (its neighbours are 5 standard errors away)
        assert np.argmin(values.mean(axis=0)) == 2
