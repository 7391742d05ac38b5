"""The pieces of the toolkit: spinor sums, processes with stable particles, limits of the form factor."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

from momentax.amplitudes import PROCESSES, top_width_lo
from momentax.amplitudes.complexpair import propagator, real
from momentax.amplitudes.gg_hza import loop_form_factor
from momentax.amplitudes.gg_ttbar import HELICITIES as GLUONS
from momentax.amplitudes.gg_ttbar import gluon_helicity_sums
from momentax.amplitudes.parameters import Card, z_couplings
from momentax.amplitudes.spinors import (
    bar,
    conj,
    current_left,
    current_right,
    dot,
    flip,
    helicity_pair,
    light_cone_pair,
    massless,
    momentum,
)
from momentax.amplitudes.top_decay import TopPair
from momentax.amplitudes.uubar_ttbar import HELICITIES as QUARKS
from momentax.amplitudes.uubar_ttbar import quark_helicity_sums
from momentax.kinematics import FourVector


def _complex(z):
    part = [0.0 if x is None else np.asarray(x) for x in z]
    return part[0] + 1j * part[1]


def _matrix(psi):
    return np.stack(np.broadcast_arrays(*[_complex(z) for half in psi for z in half]), axis=-1)


@pytest.mark.parametrize("pair", [light_cone_pair, helicity_pair])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("mass", [4.7, None])
def test_spin_sum_is_pslash_plus_mass(pair, sign, mass):
    rng = np.random.default_rng(1)
    p3 = rng.normal(scale=50.0, size=(3, 40))
    p3[:2, 0], p3[2, 0] = 0.0, -30.0  # along -z
    p3[:2, 1], p3[2, 1] = 0.0, 30.0  # along +z
    m = mass or 0.0
    e = np.sqrt(m**2 + np.sum(p3**2, axis=0))
    p = FourVector(*(jnp.asarray(c) for c in (e, *p3)))
    states, norm = pair(p, mass, sign)
    total = sum(np.einsum("na,nb->nab", _matrix(psi), _matrix(bar(psi))) for psi in states)
    total = total * np.broadcast_to(np.asarray(norm), e.shape)[:, None, None]
    w = p3[0] + 1j * p3[1]
    sigma = np.array([[e - p3[2], -w.conj()], [-w, e + p3[2]]]).transpose(2, 0, 1)
    sigmabar = np.array([[e + p3[2], w.conj()], [w, e - p3[2]]]).transpose(2, 0, 1)
    unit = sign * m * np.broadcast_to(np.eye(2), sigma.shape)
    # pslash + m = [[m, p.sigma], [p.sigmabar, m]] between (left, right) halves
    expected = np.block([[unit, sigma], [sigmabar, unit]])
    np.testing.assert_allclose(total, expected, atol=1e-12 * e.max())


@pytest.mark.parametrize(
    ("name", "charge", "isospin"), [("sm_uux_epem", 2 / 3, 0.5), ("sm_ddx_epem", -1 / 3, -0.5)]
)
def test_quark_pair_to_electrons(reference, vectors, name, charge, isospin):
    """q qbar -> e+ e- from two currents and the photon and Z propagators, per helicity."""
    data = reference(name)
    p = vectors(data["momenta"])
    ew = Card(data["params_external"]).electroweak
    w, norms = zip(*(massless(v) for v in p), strict=True)
    norm = norms[0] * norms[1] * norms[2] * norms[3]
    s = 4.0 * p[0].e * p[1].e
    z = propagator(s, ew.mass_z, ew.width_z)
    g, gl = z_couplings(charge, isospin, ew.e, ew.sw2), z_couplings(-1.0, -0.5, ew.e, ew.sw2)
    quark = [current_left(conj(w[1]), w[0]), current_right(conj(flip(w[1])), flip(w[0]))]
    leptons = [current_left(conj(w[3]), w[2]), current_right(conj(flip(w[3])), flip(w[2]))]
    squares = {
        (2 * q - 1, 1 - 2 * q, 1 - 2 * l, 2 * l - 1): 3.0
        * norm
        * (dot(quark[q], leptons[l]) * (real(-charge * ew.e**2 / s) + z * (g[q] * gl[l]))).abs2
        for q in range(2)
        for l in range(2)
    }
    np.testing.assert_allclose(sum(squares.values()) / data["iden"], data["msq"], rtol=1e-9)
    index = np.array(data["helicity"]["point_index"])
    for h, column in zip(data["helicity"]["hel"], np.array(data["helicity"]["t_hel"]).T, strict=True):
        np.testing.assert_allclose(squares[tuple(h)][index], column, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "sums", "initial"),
    [("sm_gg_ttx", gluon_helicity_sums, GLUONS), ("sm_uux_ttx", quark_helicity_sums, QUARKS)],
)
def test_stable_tops(reference, vectors, name, sums, initial):
    """The production parts of ttbar with helicity spinors of on-shell tops in the place of the decays."""
    data = reference(name)
    p = vectors(data["momenta"])
    params = PROCESSES["gg_ttbar"].parameters(data["params_external"])
    tops, _ = helicity_pair(p[2], params.mass_t, 1)
    antitops, _ = helicity_pair(p[3], params.mass_t, -1)
    squares = {}
    for i, u in enumerate(tops):
        for j, v in enumerate(antitops):
            top = p[2]
            pair = TopPair(bar(u), v, momentum(top), top.e - top.z, top.e + top.z, params.mass_t**2, 1.0)
            for h, value in zip(initial, sums(p[0].e, p[1].e, pair, params), strict=True):
                squares[(*h, 2 * i - 1, 2 * j - 1)] = value
    error = np.abs(sum(squares.values()) / data["iden"] / np.array(data["msq"]) - 1.0)
    assert error.max() < 1e-9
    assert np.median(error) < 1e-12
    index = np.array(data["helicity"]["point_index"])
    table = np.array(data["helicity"]["t_hel"], dtype=float)
    for h, column in zip(data["helicity"]["hel"], table.T, strict=True):
        kept = column > 1e-9 * table.max(axis=1)
        np.testing.assert_allclose(squares[tuple(h)][index][kept], column[kept], rtol=1e-9)


def test_form_factor_limits():
    """2/3 for heavy quarks; continuous at threshold; the light-quark logarithm."""
    heavy = loop_form_factor(jnp.asarray(1.0), 1e3)
    assert abs(float(heavy.re) - 2 / 3) < 1e-6 and float(heavy.im) == 0.0
    m = 100.0
    s = 4 * m**2 * jnp.array([1 - 1e-9, 1 + 1e-9])
    near = loop_form_factor(s, m)
    assert abs(float(near.re[0] - near.re[1])) < 1e-6 and float(jnp.max(jnp.abs(near.im))) < 1e-3
    tau = 4 * 4.7**2 / 500.0**2
    beta = math.sqrt(1 - tau)
    f = -0.25 * (math.log((1 + beta) / (1 - beta)) - 1j * math.pi) ** 2
    light = loop_form_factor(jnp.asarray(500.0**2), 4.7)
    expected = tau * (1 + (1 - tau) * f)
    assert abs(complex(float(light.re), float(light.im)) - expected) < 1e-13 * abs(expected)


def test_top_width():
    """The 1.4915 GeV of the reference card at mt = 173, mb = 4.7; larger without the b mass."""
    ew = Card({"MZ": 91.188}).electroweak
    assert top_width_lo(173.0, ew.mass_w, 4.7, ew.g) == pytest.approx(1.4915, abs=5e-5)
    assert top_width_lo(173.0, ew.mass_w, 0.0, ew.g) > 1.495
