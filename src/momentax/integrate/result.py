"""The record of a weight: never a bare number."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

STATUS = ("ok", "not_converged", "zero", "nan", "bad_input")
"""Status texts; their positions are the codes stored in files.

ok: error <= requested relative accuracy and chi2 probability > 1e-4; not_converged: the last rung of the ladder did
not reach that; zero: no point of the integration gave a positive value; nan: the integrand was not a number
somewhere; bad_input: the event cannot be weighed (missing objects, unphysical momenta).
"""

CHI2_PROBABILITY = 1e-4
"""Independent estimates that agree less than this are not converged."""

RESULT_DTYPE = np.dtype(
    [
        ("value", np.float64),
        ("error", np.float64),
        ("chi2_dof", np.float64),
        ("n_eval", np.int64),
        ("status", "U13"),
        ("value_per_assignment", np.float64, (2,)),
    ]
)
"""value, error: W and its standard deviation, pb / (GeV^6 sr^4); value_per_assignment: (b, bbar) = (j1, j2)
and (j2, j1)."""

RATIO_DTYPE = np.dtype([("value", np.float64), ("error", np.float64)])
"""A ratio or derivative, and its standard deviation."""


def consistent(chi2: np.ndarray, dof: np.ndarray) -> np.ndarray:
    """Whether the chi2 probability of independent estimates exceeds :data:`CHI2_PROBABILITY` (dof 0: True)."""
    return np.where(dof > 0, chdtrc(np.maximum(dof, 1), chi2), 1.0) > CHI2_PROBABILITY


def make_results(
    value: np.ndarray,
    error: np.ndarray,
    chi2: np.ndarray,
    dof: np.ndarray,
    n_eval: np.ndarray,
    relative_accuracy: float,
    bad_input: np.ndarray | None = None,
) -> np.ndarray:
    """Records from the integrals of every assignment.

    Parameters
    ----------
    value, error : [n, 2]
        Integral of each assignment and its standard deviation.
    chi2, dof : [n]
        Consistency of independent estimates of the sum, and its number of degrees of freedom (0: none).
    n_eval : [n]
        Integrand evaluations spent.
    relative_accuracy : float
        Requested error/value.
    bad_input : [n] bool, optional
        Events that could not be integrated.

    Returns
    -------
    [n] structured array of :data:`RESULT_DTYPE`.
    """
    out = np.zeros(len(value), dtype=RESULT_DTYPE)
    out["value_per_assignment"] = value
    out["value"] = value.sum(axis=1)
    out["error"] = np.hypot(error[:, 0], error[:, 1])  # no underflow of the squares
    out["chi2_dof"] = chi2 / np.maximum(dof, 1)
    out["n_eval"] = n_eval
    converged = (out["error"] <= relative_accuracy * np.abs(out["value"])) & consistent(chi2, dof)
    out["status"] = np.where(converged, "ok", "not_converged")
    out["status"][(out["value"] == 0.0)] = "zero"
    out["status"][~np.isfinite(out["value"]) | ~np.isfinite(out["error"])] = "nan"
    if bad_input is not None:
        for name in ("value", "error", "chi2_dof", "value_per_assignment"):
            out[name][bad_input] = np.nan
        out["n_eval"][bad_input] = 0
        out["status"][bad_input] = "bad_input"
    return out


def is_invalid(results: np.ndarray) -> np.ndarray:
    """The paper's "invalid": value <= error (or no value at all)."""
    return ~(results["value"] > results["error"])
