"""From partons to a measured event: transverse boost, transfer functions, measured recoil.

The response is the one that the weight assumes: directions exact, energies drawn from the transfer
functions, k_rec drawn from N2 around k_T - c sum_b (pT_gen - pT_rec), and MET = k_rec - the visible
measured pT.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector, boost
from momentax.transfer import Detector

Array = jax.Array

N_UNIFORM = 9
"""Uniform numbers an event: three for k_T, four energies, two for the measurement of the recoil."""


class Response(NamedTuple):
    """Flat columns of the event schema (GeV, rad) and the final state in the lab."""

    columns: dict[str, Array]
    lab: dict[str, FourVector]


def to_lab(p: FourVector, total: FourVector, kx: Array, ky: Array) -> FourVector:
    """``p`` boosted so that ``total`` (k_T = 0) gets the transverse momentum (kx, ky), by a pure transverse
    boost.

    p_z and E_hard of the total stay, E_lab = sqrt(E_hard^2 + k_T^2).
    """
    e_lab = jnp.sqrt(total.e**2 + kx**2 + ky**2)
    return boost(p, (kx / e_lab, ky / e_lab, jnp.zeros_like(e_lab)))


def direction(p: FourVector) -> tuple[Array, Array]:
    """(eta, phi) of the momentum."""
    return jnp.arcsinh(p.z / jnp.sqrt(p.pt2)), jnp.arctan2(p.y, p.x)


def respond(
    hard: dict[str, FourVector], detector: Detector, is_muon: tuple[Array, Array], mass_b: float, u: Array
) -> Response:
    """Measured events of partons ``hard`` (by name, frame of k_T = 0) with ``u`` [n, N_UNIFORM] uniform
    numbers.

    Leptons are massless. A b jet has the mass ``mass_b`` where its measured energy allows it; below, it is
    massless, which keeps its measured energy and its direction (no jet above a pT cut is concerned).
    """
    total = FourVector(*(sum(parts) for parts in zip(*hard.values(), strict=True)))
    kx, ky = detector.recoil.sample_kt(u[..., 0:3])
    lab = {name: to_lab(p, total, kx, ky) for name, p in hard.items()}
    plus, minus = lab["lep_plus"], lab["lep_minus"]
    energies = {
        name: jnp.where(muon, detector.muon.sample(v, p.e), detector.electron.sample(v, p.e))
        for name, p, muon, v in (
            ("lep_plus", plus, is_muon[0], u[..., 3]),
            ("lep_minus", minus, is_muon[1], u[..., 4]),
        )
    }
    energies |= {name: detector.bjet.sample(u[..., i], lab[name].e) for name, i in (("b", 5), ("bbar", 6))}
    measured = {
        name: _measured(lab[name], e, mass_b if name in ("b", "bbar") else 0.0)
        for name, e in energies.items()
    }
    # Box and Muller
    radius = detector.recoil.sigma_u * jnp.sqrt(-2.0 * jnp.log1p(-u[..., 7]))
    krec_x = kx + radius * jnp.cos(2.0 * math.pi * u[..., 8])
    krec_y = ky + radius * jnp.sin(2.0 * math.pi * u[..., 8])
    met_x, met_y = krec_x, krec_y
    for name, (pt, _, phi, _) in measured.items():
        x, y = pt * jnp.cos(phi), pt * jnp.sin(phi)
        met_x, met_y = met_x - x, met_y - y
        if name in ("b", "bbar"):
            met_x = met_x - detector.recoil.c * (lab[name].x - x)
            met_y = met_y - detector.recoil.c * (lab[name].y - y)
    b_leads = measured["b"][0] >= measured["bbar"][0]
    measured |= {
        jet: jax.tree.map(partial(jnp.where, b_leads), measured[first], measured[second])
        for jet, first, second in (("j1", "b", "bbar"), ("j2", "bbar", "b"))
    }
    columns = {
        f"{name}_{c}": value
        for name in ("lep_plus", "lep_minus", "j1", "j2")
        for c, value in zip(("pt", "eta", "phi", "mass"), measured[name], strict=True)
    }
    columns |= {"met_pt": jnp.hypot(met_x, met_y), "met_phi": jnp.arctan2(met_y, met_x)}
    columns["lep_plus_pdgId"] = jnp.where(is_muon[0], -13, -11)
    columns["lep_minus_pdgId"] = jnp.where(is_muon[1], 13, 11)
    columns |= {"truth_b_is_j1": b_leads.astype(jnp.int8), "truth_kt_x": kx, "truth_kt_y": ky}
    return Response(columns, lab)


def _measured(p: FourVector, energy: Array, mass: float) -> tuple[Array, Array, Array, Array]:
    """(pt, eta, phi, mass) of measured ``energy`` along ``p``."""
    eta, phi = direction(p)
    mass_rec = jnp.where(energy > mass, mass, 0.0)
    momentum = jnp.sqrt(energy**2 - mass_rec**2)
    return momentum / jnp.cosh(eta), eta, phi, mass_rec


def truth_columns(lab: dict[str, FourVector], mass_b: float) -> dict[str, Array]:
    """Flat columns truth_<particle>_{pt, eta, phi, mass} of the final state in the lab."""
    columns = {}
    for name, p in lab.items():
        eta, phi = direction(p)
        mass = jnp.full_like(eta, mass_b if name in ("b", "bbar") else 0.0)
        for c, value in zip(("pt", "eta", "phi", "mass"), (jnp.sqrt(p.pt2), eta, phi, mass), strict=True):
            columns[f"truth_{name}_{c}"] = value
    return columns
