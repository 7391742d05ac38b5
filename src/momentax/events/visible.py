"""Plain numpy arrays of the measured quantities that the weight needs."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np

from momentax.events.schema import LEPTONS, VISIBLE, Columns, to_columns


class Visible(NamedTuple):
    """Measured quantities of n events, float64, GeV; objects in the order l+, l-, j1, j2.

    A row of an event that ``validate`` rejects may hold NaN: mask it with ``bad_input`` first.
    """

    energy: np.ndarray  #: [n, 4] E = sqrt(p^2 + m^2) of the reconstructed object
    direction: np.ndarray  #: [n, 4, 3] unit vectors
    px: np.ndarray  #: [n, 4]
    py: np.ndarray  #: [n, 4]
    met: np.ndarray  #: [n, 2] missing transverse momentum (x, y)
    k_rec: np.ndarray  #: [n, 2] sum of the visible transverse momenta + met: measured k_T of the hard system
    is_muon: np.ndarray  #: [n, 2] bool, of l+ and l-
    mass: np.ndarray  #: [n, 4] masses of the reconstructed objects, not below 0


def visible(events: ak.Array) -> Visible:
    """The measured x of each event: energies, directions, k_rec (see :class:`Visible`).

    E^2 = (pt cosh eta)^2 + mass^2, direction = (cos phi, sin phi, sinh eta) / cosh eta,
    k_rec = sum_i pT_i + MET (design section 2). ``events``: awkward array in the event schema.
    Raises InputError if a field of the schema is missing.
    """
    return visible_from_columns(to_columns(events)[0])


def visible_from_columns(columns: Columns) -> Visible:
    """As :func:`visible`, from flat columns of the event schema."""
    pt, eta, phi, mass = (
        np.stack([columns[f"{obj}_{c}"] for obj in VISIBLE], axis=1) for c in ("pt", "eta", "phi", "mass")
    )
    # float32 storage leaves masses a little below 0; larger ones are rejected by validate
    mass = np.maximum(mass, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # an absurd eta overflows: validate reports it
        cosh = np.cosh(eta)
        px, py = pt * np.cos(phi), pt * np.sin(phi)
        energy = np.sqrt((pt * cosh) ** 2 + mass**2)
        # sinh/cosh = tanh stays finite where sinh and cosh do not
        direction = np.stack([np.cos(phi) / cosh, np.sin(phi) / cosh, np.tanh(eta)], axis=-1)
        met_pt, met_phi = columns["met_pt"], columns["met_phi"]
        met = np.stack([met_pt * np.cos(met_phi), met_pt * np.sin(met_phi)], axis=1)
    k_rec = np.stack([px.sum(axis=1), py.sum(axis=1)], axis=1) + met
    is_muon = np.stack([np.abs(columns[f"{lep}_pdgId"]) == 13 for lep in LEPTONS], axis=1)
    return Visible(energy, direction, px, py, met, k_rec, is_muon, mass)
