"""Synthetic files of the regress stage: test rows whose networks have a known bias and resolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from momentax.integrate.result import RESULT_DTYPE
from momentax.regress.store import save_arrays

CLASSES = {"dy": "drell_yan", "tt": "ttbar", "za": "hza"}
BIAS, WIDTH = -0.1, 0.2
POINTS = ["hza_200_100", "hza_800_400", "hza_500_50"]


def informations(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples, informations by the integral and by a network: log10 W_network - log10 W_integral is BIAS +- WIDTH."""
    rng = np.random.default_rng(seed)
    sample = np.resize(list(CLASSES), n)
    integral = rng.normal(18.0, 1.0, n) + np.where(sample == "tt", 1.0, 0.0)
    return sample, integral, integral - BIAS - WIDTH * rng.normal(size=n)


def save_predictions(path: Path, hypotheses: list[str], n: int = 900) -> Path:
    """A ``predictions.npz`` of n test events under every hypothesis, and a sample without a class."""
    parts = []
    for k, _ in enumerate(hypotheses):
        sample, integral, network = informations(n, 3 + k)
        parts.append((np.arange(n), np.where(np.arange(n) % 10 == 0, "other", sample), integral, network))
    event, sample, integral, network = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    columns = {
        "event": event,
        "sample": sample,
        "hypothesis": np.repeat(hypotheses, n),
        "information": integral,
        "information_error": np.full(len(event), 0.01),
        "predicted": network,
        "uncertainty": np.full(len(event), WIDTH),
    }
    save_arrays(
        path, columns, {"hypotheses": hypotheses, "kind": "hza" if len(hypotheses) > 1 else hypotheses[0]}
    )
    return path


def records(value: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Weights with these values and errors."""
    out = np.zeros(len(value), dtype=RESULT_DTYPE)
    out["value"], out["error"], out["status"] = value, error, "not_converged"
    return out


def save_unseen(
    path: Path, label: str, event: np.ndarray, weights: np.ndarray, entry: np.ndarray | None = None
) -> Path:
    """A file of weights of test events, as :func:`momentax.regress.unseen_weights.weigh_unseen` writes it."""
    columns = {
        f"{label}/{name}": weights[name] for name in ("value", "error", "chi2_dof", "n_eval", "status")
    }
    facts = {"hypotheses": [label], "config": None, "fractions": [0.7, 0.1, 0.2]}
    save_arrays(path, columns | {"event": event, "entry": event if entry is None else entry}, facts)
    return path
