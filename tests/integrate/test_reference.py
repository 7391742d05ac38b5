"""The reference integrator reports an integrand that is not a number; it does not raise."""

import numpy as np

from momentax.integrate import reference


def test_an_integrand_that_is_not_a_number_gives_nan():
    result = reference.integrate(
        lambda u: np.where(u[:, 0] < 0.1, np.nan, 1.0), 2, 4000, np.random.default_rng(0)
    )
    assert np.isnan(result.value) and np.isnan(result.error) and result.n_eval > 0
