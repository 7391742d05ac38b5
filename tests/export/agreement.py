"""How an exported program is compared with the JAX model."""

import warnings

import jax
import numpy as np

from momentax.export.function import prediction


def check(run, regressor, raw, masses):
    """The program ``run(raw, masses)`` agrees with the JAX model to 1e-5 in I, also for NaN and for one event."""
    expected = [np.asarray(a) for a in jax.jit(prediction(regressor))(raw, masses)]
    found = [np.asarray(a) for a in run(raw, masses)]
    assert [a.dtype for a in found] == [np.float32] * 3 + [bool]
    assert all(np.isfinite(a).all() for a in found[:3])
    assert np.abs(found[0] - expected[0]).max() <= 1e-5
    # random kernels give sizes up to hundreds: of these the relative difference
    for a, b in zip(found[1:3], expected[1:3], strict=True):
        assert np.abs(a / b - 1.0).max() <= 1e-5
    assert np.array_equal(found[3], expected[3])
    # what Python users get: float32 inside, whose own rounding is up to a few 1e-5 for single events
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = regressor.predict_raw(raw.astype(float), masses.astype(float))
    difference = np.abs(found[0] - predicted["value"])
    assert np.quantile(difference, 0.99) <= 1e-5
    assert difference.max() <= 1e-4
    assert np.abs(found[1] / predicted["uncertainty"] - 1.0).max() <= 1e-4
    assert np.mean(found[3] != predicted["out_of_domain"]) < 2e-3
    one = [np.asarray(a) for a in run(raw[:1], masses[:1])]
    assert one[0].shape == (1,) and abs(one[0][0] - found[0][0]) <= 1e-5
    broken = raw[:3].copy()
    broken[1, 4] = np.nan
    value, size, _, outside = (np.asarray(a) for a in run(broken, masses[:3]))
    assert np.isnan(value).tolist() == np.isnan(size).tolist() == [False, True, False]
    assert outside[1]
