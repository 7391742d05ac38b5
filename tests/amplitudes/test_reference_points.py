"""Every point of every reference file of the six processes, summed and per helicity."""

from __future__ import annotations

import numpy as np
import pytest

import momentax
from momentax.amplitudes import PROCESSES, llbb_channels, llbb_weighted, ttbar_channels
from momentax.amplitudes.llbb import LlbbChannels

LLBB_OF_ZBB = [0, 1, 4, 5, 2, 3]
FILES = {
    "sm_gg_ttx_dilep": "gg_ttbar",
    "sm0b_gg_ttx_dilep": "gg_ttbar",
    "sm_uux_ttx_dilep": "uubar_ttbar",
    "sm_ddx_ttx_dilep": "uubar_ttbar",
    "sm0b_uux_ttx_dilep": "uubar_ttbar",
    "sm_gg_bbxepem": "gg_llbb",
    "sm0b_gg_bbxepem": "gg_llbb",
    "sm_uux_bbxepem": "uubar_llbb",
    "sm0b_uux_bbxepem": "uubar_llbb",
    "sm_ddx_bbxepem": "ddbar_llbb",
    "sm_ssx_bbxepem": "ddbar_llbb",
    "sm0b_ddx_bbxepem": "ddbar_llbb",
    "sm_uux_zbbx_z_epem": "uubar_llbb",
    "thdm_gg_hh_zha_epembbx_500_300": "gg_hza",
    "thdm_gg_hh_zha_epembbx_250_50": "gg_hza",
}


def _points(data):
    """(momenta, helicity labels, parameters) in the order of the process."""
    momenta, hel = np.array(data["momenta"]), np.array(data["helicity"]["hel"])
    parameters = dict(data["params_external"])
    if data["id"] == "sm_uux_zbbx_z_epem":
        momenta, hel, parameters["photon"] = momenta[:, LLBB_OF_ZBB], hel[:, LLBB_OF_ZBB], False
    return momenta, hel, parameters


@pytest.mark.parametrize("name", FILES)
def test_every_point(reference, name):
    data = reference(name)
    momenta, _, parameters = _points(data)
    value = np.asarray(momentax.squared_amplitude(FILES[name], momenta, parameters))
    for key in ("msq", "msq_quad"):
        error = np.abs(value / np.array(data[key], dtype=float) - 1.0)
        assert error.max() < 1e-9, (name, key, int(error.argmax()))
        assert np.median(error) < 1e-12


@pytest.mark.parametrize("name", FILES)
def test_every_helicity(reference, vectors, name):
    data = reference(name)
    momenta, labels, parameters = _points(data)
    table = data["helicity"]
    expected = np.array([[0.0 if t is None else t for t in row] for row in table["t_hel"]], dtype=float)
    options = {"photon": False} if parameters.pop("photon", True) is False else {}
    # the massless-b files leave MB out of their card
    parameters.setdefault("MB", 0 if name.startswith("sm0b") else 4.7)
    module = PROCESSES[FILES[name]]
    squares = module.helicity_squares(
        vectors(momenta[table["point_index"]]), module.parameters(parameters, **options)
    )
    value = np.stack([np.broadcast_to(squares[tuple(h)], len(expected)) for h in labels.tolist()], axis=1)
    largest = expected.max(axis=1, keepdims=True)
    kept = expected > 1e-12 * largest
    assert kept.sum() >= len(expected) * (2 if name.startswith("sm0b") else 4)
    error = np.abs(value[kept] / expected[kept] - 1.0)
    assert error.max() < 1e-9
    assert np.median(error) < 1e-12
    # helicities that the file leaves out vanish here too
    listed = {tuple(h) for h in labels.tolist()}
    for h, square in squares.items():
        if h not in listed:
            assert np.all(np.asarray(square) < 1e-10 * largest[:, 0]), h


@pytest.mark.parametrize("flavour", ["sm", "sm0b"])
def test_channels_at_once(reference, vectors, flavour):
    """The fused functions give each channel's own value; swapping the beams is a rotation by pi about x."""
    data = reference(f"{flavour}_gg_bbxepem")
    p = np.array(data["momenta"])[:20]
    swapped = (p * np.array([1.0, 1.0, -1.0, -1.0]))[:, [1, 0, 2, 3, 4, 5]]
    card = data["params_external"]
    want = LlbbChannels(
        momentax.squared_amplitude("gg_llbb", p, card),
        momentax.squared_amplitude("uubar_llbb", p, card),
        momentax.squared_amplitude("uubar_llbb", swapped, card),
        momentax.squared_amplitude("ddbar_llbb", p, card),
        momentax.squared_amplitude("ddbar_llbb", swapped, card),
    )
    params = PROCESSES["gg_llbb"].parameters({**card, "MB": 0 if flavour == "sm0b" else 4.7})
    got = llbb_channels(vectors(p), params)
    for channel, expected in zip(got, want, strict=True):
        np.testing.assert_allclose(channel, expected, rtol=1e-11)
    weighted = llbb_weighted(vectors(p), params, LlbbChannels(1.0, 2.0, 3.0, 4.0, 5.0))
    expected = want.gg + 2 * want.uubar + 3 * want.ubaru + 4 * want.ddbar + 5 * want.dbard
    np.testing.assert_allclose(weighted, expected, rtol=1e-11)


def test_ttbar_channels_at_once(reference, vectors):
    data = reference("sm_gg_ttx_dilep")
    card = data["params_external"]
    got = ttbar_channels(vectors(data["momenta"]), PROCESSES["gg_ttbar"].parameters(card))
    np.testing.assert_allclose(got.gg, data["msq"], rtol=1e-9)
    quarks = momentax.squared_amplitude("uubar_ttbar", data["momenta"], card)
    # other kernel, other rounding next to the poles
    np.testing.assert_allclose(got.qqbar, quarks, rtol=1e-10)


def test_momemta_points(reference):
    """What MoMEMta's own matrix elements return: ttbar in gg and q qbar, Drell-Yan in gg with the Z alone."""
    data = reference("momemta_me_points")
    card = {"aS": 0.118, "aEWM1": 132.507, "Gf": 1.16639e-5, "MZ": 91.188, "WZ": 2.441404, "WW": 2.0476}
    card |= {"MT": 173.0, "WT": 1.4915, "MB": 4.7}

    def points(key, order):
        p = np.array([event["initial"] + event["final"] for event in data[key]])
        return p[:, order][..., [3, 0, 1, 2]]

    for pid, process in (("21,21", "gg_ttbar"), ("2,-2", "uubar_ttbar"), ("-3,3", "uubar_ttbar")):
        expected = [event["me"][pid] for event in data["ttbar"]]
        value = momentax.squared_amplitude(process, points("ttbar", range(8)), card)
        np.testing.assert_allclose(value, expected, rtol=1e-9)
    expected = [event["me"]["21,21"] for event in data["dy"]]
    value = momentax.squared_amplitude("gg_llbb", points("dy", LLBB_OF_ZBB), {**card, "photon": False})
    np.testing.assert_allclose(value, expected, rtol=1e-9)
