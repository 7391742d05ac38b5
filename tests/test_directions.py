"""Weights averaged over the directions of the b quarks."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from scipy.stats import qmc

import momentax
from momentax.config import PhysicsConfig, RecomputeConfig, load_config
from momentax.errors import ConfigError
from momentax.estimate import estimate
from momentax.events import read_events
from momentax.events.visible import visible
from momentax.ratios import weigh_ratios
from momentax.recompute import ladders
from momentax.transfer.directions import (
    KNOTS,
    DirectionResponse,
    fit_directions,
    load_directions,
    probability,
)
from momentax.weight import weigh_mass_points

EVENTS = Path(__file__).parent / "data/events/za_500_300_600.root"
RECOIL = {"weights": [0.5, 0.5], "sigmas": [30.0, 90.0], "sigma_u": 25.0, "c": 0.4}
WIDTH = 0.3


def table_of(path: Path, width: float) -> Path:
    """The built-in table with Delta R = width x v at every pT: a density 2 (1 - r/width)/width of r."""
    with np.load(str(resources.files("momentax") / "data" / "transfer_functions.npz")) as file:
        arrays = {name: file[name] for name in file.files}
    response = DirectionResponse(np.array([30.0, 300.0]), np.tile(width * np.linspace(0, 1, KNOTS), (2, 1)))
    np.savez(path, **arrays, **response.arrays())
    load_directions.cache_clear()
    return path


def physics(table: Path, draws: int = 0, accuracy: float = 0.02) -> dict:
    detector = {"kind": "binned", "table": str(table), "recoil": RECOIL}
    if draws:
        detector["directions"] = {"kind": "smeared", "draws": draws}
    return {"detector": detector, "integration": {"relative_accuracy": accuracy}}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    return table_of(tmp_path_factory.mktemp("directions") / "table.npz", WIDTH)


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return read_events(EVENTS, entry_stop=4, truth=False)


def turned(event: ak.Array, shifts: np.ndarray) -> ak.Array:
    """Copies of one event with jets turned by ``shifts`` [n, 2 jets, (eta, phi)], energies kept; pT_b^gen - pT_b^rec is
    taken along the new and the old direction: k_rec moves by c times the change of pT_b^rec."""
    out = event[np.zeros(len(shifts), dtype=int)]
    moved = np.zeros((len(shifts), 2))
    for i, jet in enumerate(("j1", "j2")):
        pt, eta, phi = (ak.to_numpy(out[jet][c]) for c in ("pt", "eta", "phi"))
        new_eta, new_phi = eta + shifts[:, i, 0], phi + shifts[:, i, 1]
        new_pt = pt * np.cosh(eta) / np.cosh(new_eta)
        moved += np.stack(
            [
                new_pt * np.cos(new_phi) - pt * np.cos(phi),
                new_pt * np.sin(new_phi) - pt * np.sin(phi),
            ],
            axis=1,
        )
        for c, value in (("pt", new_pt), ("eta", new_eta), ("phi", new_phi)):
            out = ak.with_field(out, value, (jet, c))
    met = visible(out).met - (1.0 - RECOIL["c"]) * moved
    for c, value in (("pt", np.hypot(*met.T)), ("phi", np.arctan2(met[:, 1], met[:, 0]))):
        out = ak.with_field(out, value, ("met", c))
    return out


def test_mean_over_draws_is_the_convolution(table, events):
    """An event by 1,024 pseudo-random points drawn from the density of r itself, with the Jacobian."""
    event = events[1:2]
    u = np.random.default_rng(7).uniform(size=(1024, 2, 2))
    r, phi = WIDTH * (1.0 - np.sqrt(1.0 - u[..., 0])), 2 * np.pi * u[..., 1]
    shifts = np.stack([r * np.cos(phi), r * np.sin(phi)], axis=-1)
    copies = turned(event, shifts)
    eta = np.array([float(event[jet].eta[0]) for jet in ("j1", "j2")])
    jacobian = np.prod((np.cosh(eta) / np.cosh(eta + shifts[..., 0])) ** 2, axis=1)
    terms = jacobian * momentax.weigh(copies, "hza_500_300", physics(table, accuracy=0.9))["value"]
    direct, error = terms.mean(), terms.std() / np.sqrt(len(terms))
    found = momentax.weigh(event, "hza_500_300", physics(table, 256, 0.9))[0]
    exact = momentax.weigh(event, "hza_500_300", physics(table))["value"][0]
    assert error < 0.04 * direct
    assert abs(found["value"] - direct) < 3 * np.hypot(error, 0.01 * direct)
    assert abs(found["value"] - direct) < found["error"] < 0.2 * direct
    assert abs(exact - direct) > 6 * error  # the directions make a difference to this event


def test_no_width_is_the_exact_weight(events, tmp_path):
    narrow = table_of(tmp_path / "narrow.npz", 1e-9)
    for hypothesis in ("hza_500_300", "drell_yan"):
        exact = momentax.weigh(events, hypothesis, physics(narrow, accuracy=0.05))
        found = momentax.weigh(events, hypothesis, physics(narrow, 16, accuracy=0.05))
        assert found["value"] == pytest.approx(
            exact["value"], rel=1e-5 if hypothesis.startswith("hza") else 0.05
        )
        assert np.all(found["n_eval"] >= 16 * exact["n_eval"].min())


def test_a_weight_depends_on_its_event_alone(table, events):
    config = physics(table, 8, 0.9)
    found = momentax.weigh(events, "hza_500_300", config)
    again = momentax.weigh(events[::-1][1:3], "hza_500_300", config)
    np.testing.assert_allclose(again["value"], found["value"][::-1][1:3], rtol=1e-10)
    assert len(momentax.weigh(events[:0], "hza_500_300", config)) == 0
    nan = ak.with_field(events, np.where(np.arange(4) == 2, np.nan, events.j1.eta), ("j1", "eta"))
    mixed = momentax.weigh(nan, "hza_500_300", config)
    assert list(mixed["status"]) == ["ok", "ok", "bad_input", "ok"]
    assert np.isnan(mixed["value"][2]) and np.array_equal(
        mixed["value"][[0, 1, 3]], found["value"][[0, 1, 3]]
    )


def test_errors_and_statuses(table, events):
    """The error falls with the draws and covers the value of many; what it leaves open is not ok."""
    few, many = (momentax.weigh(events, "hza_500_300", physics(table, n, 0.9)) for n in (8, 128))
    assert np.all(many["error"] < 0.5 * few["error"])
    assert np.all(np.abs(few["value"] - many["value"]) < 3 * few["error"])
    strict = momentax.weigh(events, "hza_500_300", physics(table, 8, 0.02))
    assert set(strict["status"]) == {"not_converged"}


def test_mass_points_and_ratios_share_the_draws(table, events):
    config, labels = physics(table, 16, 0.9), ["hza_500_300", "hza_500_290"]
    records = weigh_mass_points(events[:2], labels, config)
    one = momentax.weigh(events[:2], labels[0], config)
    assert records[labels[0]]["value"] == pytest.approx(one["value"], rel=0.02)
    ratio = weigh_ratios(events[:2], labels[1:], labels[0], config)[labels[1]]
    expected = records[labels[1]]["value"] / records[labels[0]]["value"]
    assert ratio["value"] == pytest.approx(expected, rel=1e-6)
    apart = np.hypot(*(records[name]["error"] / records[name]["value"] for name in labels))
    assert np.all(ratio["error"] < apart * ratio["value"])  # the draws are common


def test_fit_gives_the_distribution_back():
    """Delta R of width 3/pT: quantiles of draws, reweighted by their density, against those put in."""
    rng = np.random.default_rng(2)
    pt = 60.0 * np.exp(0.5 * rng.standard_normal(20_000))
    response = fit_directions(rng.rayleigh(3.0 / pt), pt, np.ones(20_000))
    assert response.dr.shape == (8, KNOTS) and np.all(np.diff(response.dr, axis=1) >= 0)
    for at in (40.0, 60.0, 100.0):
        points = qmc.Sobol(2, seed=3).random(4096)
        radius = np.hypot(*response.displacement(points[:, 0], points[:, 1], np.full(4096, at)))
        order = np.argsort(radius)
        below = np.cumsum(2 * (1 - points[order, 0])) / 4096
        for q in (0.25, 0.5, 0.75, 0.95):
            assert np.interp(q, below, radius[order]) == pytest.approx(
                3.0 / at * np.sqrt(-2 * np.log1p(-q)), rel=0.06
            )
    assert probability(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_estimate_counts_the_draws():
    """Weights cost 16 times as much, and there is no second pass: no budget mends the scatter of the draws."""
    directions = {"kind": "binned", "table": "t.npz", "directions": {"kind": "smeared", "draws": 16}}
    once, smeared = (estimate(load_config({"physics": p})) for p in ({}, {"detector": directions}))
    before, after = ({s.name: s.hours for s in e.stages} for e in (once, smeared))
    assert before.pop("recompute") > 0 and "recompute" not in after
    for name, hours in before.items():
        assert after[name] == pytest.approx((16 if name.startswith("weigh") else 1) * hours), name
    assert ladders(PhysicsConfig(), RecomputeConfig())
    assert not ladders(load_config({"physics": {"detector": directions}}).physics, RecomputeConfig())


def test_refusals(tmp_path):
    with pytest.raises(ConfigError, match="no table with their response"):
        load_config({"physics": {"detector": {"directions": {"kind": "smeared"}}}})
    with pytest.raises(ConfigError, match="power of two"):
        load_config({"physics": {"detector": {"directions": {"draws": 20}}}})
    with pytest.raises(ConfigError, match="no directions of b jets"):
        load_directions(str(resources.files("momentax") / "data" / "transfer_functions.npz"))
