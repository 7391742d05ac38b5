"""Inputs of the networks: symmetries, finite numbers, the b energies that a mass point demands."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from closed_form import make_events

from momentax.constants import MASS_T, MASS_W, MASS_Z
from momentax.regress import features, model, symmetries, top_pairs
from momentax.regress.b_energies import on_both_poles
from momentax.regress.event import unpack
from momentax.regress.inputs import raw_inputs
from momentax.regress.mass_table import mass_table
from momentax.regress.matrix_element import hard_numbers, log_hard
from momentax.regress.model import Spec
from momentax.regress.network import Architecture

MASSES = np.array([[500.0, 300.0], [200.0, 50.0], [3000.0, 2000.0], [800.0, 100.0]])


@pytest.fixture(scope="module")
def raw() -> np.ndarray:
    return raw_inputs(make_events(400, 3, "s"))


@pytest.fixture(scope="module")
def table() -> dict[str, np.ndarray]:
    return mass_table()


def _inputs(kind: str, inputs: str, raw: np.ndarray, table: dict, masses: np.ndarray) -> np.ndarray:
    n = len(features.names(inputs, kind))
    spec = Spec(kind, inputs, Architecture(n, (4,), 1, precision="float64"))
    numbers = model.constants(spec, np.zeros(n), np.ones(n), 0.0, 1.0, {"table": table})
    return np.asarray(model.compute_inputs(spec, numbers, raw, masses))


@pytest.mark.parametrize("inputs", ["paper", "physics"])
def test_inputs_have_names_and_do_not_depend_on_the_azimuth(raw, table, inputs: str) -> None:
    masses = MASSES[np.arange(len(raw)) % 4]
    for kind in ("ttbar", "hza"):
        found = _inputs(kind, inputs, raw, table, masses)
        assert found.shape == (len(raw), len(features.names(inputs, kind)))
        assert np.isfinite(found).all()
        angle = np.random.default_rng(1).uniform(-3, 3, len(raw))
        assert _inputs(kind, inputs, symmetries.rotated(raw, angle), table, masses) == pytest.approx(
            found, abs=1e-7
        )


def test_paper_inputs_are_those_of_the_paper(raw, table) -> None:
    names = features.names("paper", "hza")
    assert len(names) == 15
    found = _inputs("hza", "paper", raw, table, MASSES[np.zeros(len(raw), int)])
    assert np.allclose(found[:, names.index("j1_pt")], raw[:, 8])
    dphi = found[:, names.index("dphi_j2_lep_plus")]
    assert np.all(np.abs(dphi) <= np.pi) and np.allclose(np.cos(dphi), np.cos(raw[:, 14] - raw[:, 2]))
    assert np.all(found[:, -2:] == [500.0, 300.0])


def test_invariant_masses_are_those_of_the_four_vectors(raw) -> None:
    e = unpack(jnp.asarray(raw))
    p4 = np.stack([np.asarray(a) for a in (e.energy, e.px, e.py, e.pz)], axis=-1)
    for (i, j), m2 in e.pair2.items():
        total = p4[:, i] + p4[:, j]
        expected = total[:, 0] ** 2 - np.sum(total[:, 1:] ** 2, axis=1)
        assert np.asarray(m2) == pytest.approx(expected + 1e-2, rel=1e-9)


def test_b_energies_put_both_masses_on_their_poles(raw) -> None:
    """Massless: checked with massless momenta; where the discriminant is positive both solutions are exact."""
    massless = raw.copy()
    massless[:, 3:16:4] = 0.0
    e = unpack(jnp.asarray(massless))
    m_h, m_a = np.full(len(raw), 400.0), np.full(len(raw), 150.0)
    found = on_both_poles(e, jnp.asarray(m_h), jnp.asarray(m_a))
    # a heavier pair of leptons leaves no energy for the b quarks
    solved = (np.asarray(found.discriminant) > 1e-4) & (np.asarray(e.pair2[0, 1]) < 130.0**2)
    assert 20 < solved.sum() < len(raw)
    p4 = np.stack([np.asarray(a) for a in (e.energy, e.px, e.py, e.pz)], axis=-1)[solved]
    for r1, r2 in zip(found.r1, found.r2, strict=True):
        b = [p4[:, k] * np.asarray(r)[solved, None] for k, r in ((2, r1), (3, r2))]

        def mass(total: np.ndarray) -> np.ndarray:
            return np.sqrt(total[:, 0] ** 2 - np.sum(total[:, 1:] ** 2, axis=1))

        assert mass(b[0] + b[1]) == pytest.approx(150.0, rel=1e-3)
        assert mass(b[0] + b[1] + p4[:, 0] + p4[:, 1]) == pytest.approx(400.0, rel=1e-3)


def test_mass_table_follows_the_model(table) -> None:
    """Between nodes: widths of the two-Higgs-doublet model within 5 %, away from its thresholds."""
    from momentax.processes.thdm import two_higgs_doublet

    for point in ((500.0, 300.0), (250.0, 100.0), (800.0, 400.0), (600.0, 250.0)):
        exact = two_higgs_doublet(*point)
        found = np.asarray(features.of_masses(jnp.asarray([point]), table))[0]
        assert np.exp(found[1]) == pytest.approx(exact.width_h / point[0], rel=0.05)
        assert np.exp(found[2]) == pytest.approx(exact.width_a / point[1], rel=0.05)


def test_float32_inputs_are_those_of_float64(raw, table) -> None:
    masses = MASSES[np.arange(len(raw)) % 4]
    n = len(features.names("physics", "hza"))
    single = Spec("hza", "physics", Architecture(n, (4,), 1))
    numbers = model.constants(single, np.zeros(n), np.ones(n), 0.0, 1.0, {"table": table})
    low = np.asarray(model.compute_inputs(single, numbers, raw, masses), np.float64)
    high = _inputs("hza", "physics", raw, table, masses)
    # near a vanishing discriminant a root magnifies rounding
    assert np.quantile(np.abs(low - high) / (1.0 + np.abs(high)), 0.999) < 2e-3


@pytest.mark.parametrize("kind", ["drell_yan", "ttbar", "hza"])
def test_physics_inputs_do_not_see_reflections_nor_the_order_of_the_jets(raw, table, kind: str) -> None:
    masses = MASSES[np.arange(len(raw)) % 4]
    n = len(features.names("physics", kind))
    spec = Spec(kind, "physics", Architecture(n, (4,), 1, precision="float64"))
    physics = {"table": table} if kind == "hza" else {"hard": hard_numbers(None)}
    numbers = model.constants(spec, np.zeros(n), np.ones(n), 0.0, 1.0, physics)
    found = np.asarray(model.compute_inputs(spec, numbers, raw, masses))
    for operation in (symmetries.reflected_in_phi, symmetries.reflected_in_eta, symmetries.exchanged_jets):
        again = np.asarray(model.compute_inputs(spec, numbers, operation(raw), masses))
        assert again == pytest.approx(found, rel=1e-6, abs=1e-5)


def test_random_symmetries_are_the_named_ones(raw) -> None:
    rng = np.random.default_rng(4)
    changed = symmetries.random(raw, rng)
    options = [raw]
    for operation in (symmetries.reflected_in_phi, symmetries.reflected_in_eta, symmetries.exchanged_jets):
        options += [operation(o) for o in options]
    same = np.stack([np.all(changed == o, axis=1) for o in options])
    assert np.all(same.any(axis=0))
    assert np.all(same.sum(axis=1) > 20)  # each of the eight, 50 expected


def test_ttbar_inputs_tell_a_top_pair_from_another_event() -> None:
    """Decays on the mass shells, without resolution, against the same with another missing momentum."""
    momenta, met = _top_pairs(300)
    energy, eta, phi = momenta
    true = np.asarray(top_pairs.top_pair(energy, eta, phi, *met))
    assert true.shape == (300, len(top_pairs.NAMES)) and np.isfinite(true).all()
    chi2 = true[:, top_pairs.NAMES.index("chi2_better")]
    # the grid of angles is coarse: within a few sigma of the missing momentum
    assert np.median(chi2) < np.arcsinh(0.5)
    rng = np.random.default_rng(5)
    other = np.asarray(top_pairs.top_pair(energy, eta, phi, *(m + rng.normal(0, 200, 300) for m in met)))
    log_w = top_pairs.NAMES.index("log_w_both")
    assert 4 * np.sinh(np.median(true[:, log_w])) > 4 * np.sinh(np.median(other[:, log_w])) + 5
    swapped = np.asarray(top_pairs.top_pair(*(a[:, [0, 1, 3, 2]] for a in momenta), *met))
    assert swapped == pytest.approx(true, abs=1e-5)


def _top_pairs(n: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, np.ndarray]]:
    """Energies, eta, phi of l+, l-, b, bbar [n, 4] of top decays by phase space, and the missing momentum."""
    rng = np.random.default_rng(6)

    def direction() -> np.ndarray:
        cos, phi = rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n)
        sin = np.sqrt(1 - cos**2)
        return np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)

    def boosted(p: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """p from the rest frame of a momentum into the frame that holds it."""
        mass = np.sqrt(frame[:, 0] ** 2 - np.sum(frame[:, 1:] ** 2, axis=1))
        gamma, beta = frame[:, 0] / mass, frame[:, 1:] / frame[:, :1]
        along = np.sum(beta * p[:, 1:], axis=1)
        factor = gamma**2 / (gamma + 1) * along + gamma * p[:, 0]
        return np.concatenate(
            [(gamma * (p[:, 0] + along))[:, None], p[:, 1:] + factor[:, None] * beta], axis=1
        )

    leptons, quarks, neutrinos = [], [], []
    pt, axis = rng.exponential(80.0, n), direction()
    for sign in (1.0, -1.0):
        p = sign * pt[:, None] * axis
        top = np.concatenate([np.sqrt(MASS_T**2 + pt**2)[:, None], p], axis=1)
        e_b = (MASS_T**2 - MASS_W**2) / (2 * MASS_T)
        of_b = direction()
        b = np.concatenate([np.full((n, 1), e_b), e_b * of_b], axis=1)
        w = np.concatenate([np.full((n, 1), MASS_T - e_b), -e_b * of_b], axis=1)
        of_l = direction()
        lepton = np.concatenate([np.full((n, 1), MASS_W / 2), MASS_W / 2 * of_l], axis=1)
        lepton = boosted(lepton, w)
        neutrinos.append(boosted(w - lepton, top))
        leptons.append(boosted(lepton, top))
        quarks.append(boosted(b, top))
    p4 = np.stack([*leptons, *quarks], axis=1)
    pt = np.hypot(p4[..., 1], p4[..., 2])
    phi = np.arctan2(p4[..., 2], p4[..., 1])
    met = neutrinos[0] + neutrinos[1]
    return (p4[..., 0], np.arcsinh(p4[..., 3] / pt), phi), (met[:, 1], met[:, 2])


def test_the_amplitude_of_drell_yan_is_that_of_the_integrand(raw) -> None:
    """Its symmetry and its pole (the sum over flavours is the integrand's own function)."""
    hard = hard_numbers(None)
    energy = np.asarray(unpack(jnp.asarray(raw)).energy)
    eta, phi = raw[:, 1:16:4], raw[:, 2:16:4]
    one, other = (np.asarray(a) for a in log_hard(*map(jnp.asarray, (energy, eta, phi)), hard))
    assert np.isfinite(one).all() and np.isfinite(other).all()
    # exchanging the jets exchanges the two
    swap = [0, 1, 3, 2]
    again = log_hard(*(jnp.asarray(a[:, swap]) for a in (energy, eta, phi)), hard)
    assert np.asarray(again[1]) == pytest.approx(one, rel=1e-10)
    # the Z pole: the same event with its leptons scaled to m_ll = mZ has the larger amplitude
    e = unpack(jnp.asarray(raw))
    scale = MASS_Z / np.sqrt(np.asarray(e.pair2[0, 1]))
    off = np.abs(np.log(scale)) > 0.3
    on_pole = energy.copy()
    on_pole[:, :2] *= scale[:, None]
    best = np.asarray(log_hard(*map(jnp.asarray, (on_pole, eta, phi)), hard)[0])
    assert np.mean((best > one)[off]) > 0.95
