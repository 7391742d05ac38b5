"""Event arrays made by hand, independent of the reader."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

DATA = Path(__file__).parents[1] / "data" / "events"


def make_events(n: int, seed: int, truth: str = "none") -> ak.Array:
    """n good random events in the schema; truth: none, without (neutrinos), with."""
    rng = np.random.default_rng(seed)

    def p4(**more: np.ndarray) -> ak.Array:
        fields = {
            "pt": rng.exponential(50, n) + 26,
            "eta": rng.uniform(-2.3, 2.3, n),
            "phi": rng.uniform(-np.pi, np.pi, n),
            "mass": rng.uniform(0, 10, n),
        }
        return ak.zip(fields | more, depth_limit=1)

    def lepton(sign: int) -> ak.Array:
        return p4(pdgId=(sign * rng.choice([11, 13], n)).astype(np.int32))

    fields = {
        "event": rng.permutation(10 * n)[:n].astype(np.int64),
        "sample": ak.Array(["tt", "zbb é", "hza_500_300"])[rng.integers(0, 3, n)],
        "weight": rng.normal(size=n),
        "mH": rng.uniform(size=n),
        "mA": rng.uniform(size=n),
        "lep_plus": lepton(-1),
        "lep_minus": lepton(1),
        "j1": p4(),
        "j2": p4(),
        "met": ak.zip({"pt": rng.exponential(30, n), "phi": rng.uniform(-3, 3, n)}, depth_limit=1),
    }
    if truth != "none":
        names = ["lep_plus", "lep_minus", "b", "bbar"] + (["nu", "nubar"] if truth == "with" else [])
        parts = {name: p4() for name in names}
        parts["b_is_j1"] = rng.integers(-1, 2, n).astype(np.int8)
        parts |= {"kt_x": rng.normal(size=n), "kt_y": rng.normal(size=n)}
        fields["truth"] = ak.zip(parts, depth_limit=1)
    return ak.zip(fields, depth_limit=1)


def replaced(events: ak.Array, path: str, row: int, value: float) -> ak.Array:
    """The events with one number changed, e.g. path "j2.pt"."""
    where = tuple(path.split("."))
    column = ak.to_numpy(events[where]).copy()
    column[row] = value
    return ak.with_field(events, column, where if len(where) > 1 else where[0])


@pytest.fixture
def data() -> Path:
    return DATA


@pytest.fixture
def make():
    return make_events


@pytest.fixture
def replace():
    return replaced
