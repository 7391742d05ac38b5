"""A closed-form problem: events of plausible kinematics, and 'weights' that are a known function of them."""

from __future__ import annotations

import awkward as ak
import numpy as np

WEIGHT = np.dtype(
    [
        ("value", "f8"),
        ("error", "f8"),
        ("chi2_dof", "f8"),
        ("n_eval", "i8"),
        ("status", "U16"),
        ("value_per_assignment", "f8", (2,)),
    ]
)
POINTS = ((300.0, 100.0), (500.0, 300.0), (800.0, 400.0))
PER_SAMPLE = 2000


def make_events(n: int, seed: int, sample: str) -> ak.Array:
    """Events in the event schema: falling pt, flat eta and phi."""
    rng = np.random.default_rng(seed)

    def obj(scale: float, mass: float) -> ak.Array:
        columns = {
            "pt": 20.0 + rng.exponential(scale, n),
            "eta": rng.uniform(-2.4, 2.4, n),
            "phi": rng.uniform(-np.pi, np.pi, n),
            "mass": np.full(n, mass),
        }
        return ak.zip(columns, depth_limit=1)

    fields = {"event": np.arange(n), "sample": np.full(n, sample), "mH": np.zeros(n), "mA": np.zeros(n)}
    fields |= {o: obj(30.0, 0.1) for o in ("lep_plus", "lep_minus")} | {
        o: obj(40.0, 5.0) for o in ("j1", "j2")
    }
    met = {"pt": rng.exponential(40.0, n), "phi": rng.uniform(-np.pi, np.pi, n)}
    return ak.zip(fields | {"met": ak.zip(met, depth_limit=1)}, depth_limit=1)


def pair_mass(events: ak.Array, a: str, b: str) -> np.ndarray:
    """Mass of two massless objects, with a floor of 30 GeV in quadrature that keeps logarithms tame."""
    deta, dphi = (ak.to_numpy(events[a][v] - events[b][v]) for v in ("eta", "phi"))
    return np.sqrt(
        2 * ak.to_numpy(events[a]["pt"] * events[b]["pt"]) * (np.cosh(deta) - np.cos(dphi)) + 900.0
    )


def true_information(events: ak.Array, masses: tuple[float, float] | None = None) -> np.ndarray:
    """12 + ln(m_ll/91)^2/2 + log10(pt_1 pt_2/1000) + MET/100.

    With masses also ln(m_bb/mA)^2 + ln(2 sum pt/mH)^2.
    """
    pt = {o: ak.to_numpy(events[o]["pt"]) for o in ("lep_plus", "lep_minus", "j1", "j2", "met")}
    result = 12 + 0.5 * np.log(pair_mass(events, "lep_plus", "lep_minus") / 91) ** 2
    result = result + np.log10(pt["j1"] * pt["j2"] / 1e3) + 0.01 * pt["met"]
    if masses is not None:
        total = sum(pt[o] for o in ("lep_plus", "lep_minus", "j1", "j2"))
        result = result + np.log(pair_mass(events, "j1", "j2") / masses[1]) ** 2
        result = result + np.log(2 * total / masses[0]) ** 2
    return result


def as_weights(information: np.ndarray) -> np.ndarray:
    """Weight records of given informations, all ok with an error of 1 %."""
    weights = np.zeros(len(information), dtype=WEIGHT)
    weights["value"] = 10.0**-information
    weights["error"] = 0.01 * weights["value"]
    weights["chi2_dof"], weights["n_eval"], weights["status"] = 1.0, 1000, "ok"
    weights["value_per_assignment"] = weights["value"][:, None] / 2
    return weights
