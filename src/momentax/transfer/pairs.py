"""Matched pairs of true and measured objects, and of true and measured recoil, of events with truth."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.events import bad_input, visible
from momentax.events.schema import P4

MAX_ANGLE = {"electron": 0.1, "muon": 0.1, "b_preFSR": 0.4}
"""Largest Delta R of a matched pair: beyond it the measured object is not the true one (half a jet radius
would lose b quarks that radiate)."""
WITHIN_ANGLE = {"electron": True, "muon": True, "b_preFSR": False}
"""Whether pairs beyond MAX_ANGLE are left out of T. A b jet that is not the quark's (the quark was lost, a gluon split)
stays: the weight meets it as well, and a T of matched jets alone takes its energy for a measurement."""


class Pairs(NamedTuple):
    """True and measured energies (GeV) of one kind of object, [n], and the event weight of each pair."""

    e_gen: np.ndarray
    e_rec: np.ndarray
    weight: np.ndarray
    candidates: int
    """Objects with truth before the matching."""
    matched: int
    """Of them within MAX_ANGLE of their truth."""
    e_min: np.ndarray | float = 0.0
    """[n] least measured energy (GeV) at which the object would have been seen at its direction; 0: any."""

    angle: np.ndarray | float = 0.0
    """[n] Delta R of the measured and the true object."""
    pt: np.ndarray | float = 0.0
    """[n] measured pT, GeV."""

    def above(self, e_gen: float) -> Pairs:
        """Those with at least this true energy (GeV); the counts before stay."""
        keep = self.e_gen >= e_gen

        def kept(column: np.ndarray | float) -> np.ndarray:
            return np.broadcast_to(column, keep.shape)[keep]

        return self._replace(
            e_gen=self.e_gen[keep],
            e_rec=self.e_rec[keep],
            weight=self.weight[keep],
            e_min=kept(self.e_min),
            angle=kept(self.angle),
            pt=kept(self.pt),
        )


class RecoilPairs(NamedTuple):
    """Transverse vectors [n, 2] in GeV, and event weights [n], of events with both b quarks matched."""

    k_t: np.ndarray
    """True transverse momentum of the hard system, of all usable events."""
    k_t_weight: np.ndarray
    error: np.ndarray
    """k_rec - k_T."""
    loss: np.ndarray
    """sum_b (pT_b^gen - pT_b^rec), both along the measured direction, as the weight has it."""
    loss_true: np.ndarray
    """The same with pT_b^gen along the true direction."""
    weight: np.ndarray


class _Momenta(NamedTuple):
    energy: np.ndarray
    p: np.ndarray  # [n, 3]
    eta: np.ndarray
    phi: np.ndarray


def matched_pairs(events: ak.Array, jet_pt_min: float | None = None) -> tuple[dict[str, Pairs], RecoilPairs]:
    """Pairs of ``electron``, ``muon`` and ``b_preFSR``, and the recoil, of events in the event schema.

    A lepton's truth is that of its charge, a jet's the b or bbar that ``truth.b_is_j1`` says. Leptons further
    from their truth than :data:`MAX_ANGLE` are left out, and so are events with b_is_j1 = -1, bad input or no truth;
    the recoil also leaves out events with a jet further from its quark. ``jet_pt_min`` (GeV): pT below which the file
    has no jets, None: that of its softest jet; jets below are left out of the pairs.
    Weights are divided by their mean. Raises InputError without truth or with negative weights.
    """
    if "truth" not in events.fields:
        raise InputError(
            "transfer functions are fitted to events with truth; these have none "
            "(branches truth_* or gen_* of the event file)"
        )
    events = events[~bad_input(events)]
    truth, seen = events.truth, visible(events)
    weight = ak.to_numpy(events.weight).astype(float)
    if len(weight) and (weight.min() < 0 or weight.sum() <= 0):
        raise InputError(f"transfer functions need event weights >= 0; the smallest is {weight.min():g}")
    weight = weight / weight.mean() if len(weight) else weight
    b_is_j1 = ak.to_numpy(truth.b_is_j1)
    b, bbar = _momenta(truth.b), _momenta(truth.bbar)
    first, second = (
        _Momenta(*(_choose(b_is_j1 == 1, x, y) for x, y in zip(*pair, strict=True)))
        for pair in ((b, bbar), (bbar, b))
    )
    true = [_momenta(truth.lep_plus), _momenta(truth.lep_minus), first, second]
    k_t = np.stack([ak.to_numpy(truth.kt_x), ak.to_numpy(truth.kt_y)], axis=1).astype(float)
    usable = np.isfinite(k_t).all(axis=1)
    known = np.stack([usable & np.isfinite(p.p).all(axis=1) for p in true], axis=1)
    known[:, 2:] &= (b_is_j1 >= 0)[:, None]
    angle = np.stack([_delta_r(p, seen.direction[:, i]) for i, p in enumerate(true)], axis=1)
    energies = np.stack([p.energy for p in true], axis=1)
    every = np.repeat(weight[:, None], 4, axis=1)
    is_b = np.zeros_like(known)
    is_b[:, 2:] = True
    is_muon = np.concatenate([seen.is_muon, is_b[:, :2]], axis=1)
    pt = np.sqrt(np.maximum(seen.energy**2 - seen.mass**2, 0.0) * (1.0 - seen.direction[:, :, 2] ** 2))
    threshold = _threshold(pt[:, 2:], jet_pt_min)
    e_min = np.where(is_b, seen.energy * threshold / np.maximum(pt, 1e-9), 0.0)
    known[:, 2:] &= pt[:, 2:] >= threshold
    pairs, matched = {}, np.zeros_like(known)
    for name, kind in (("electron", ~is_b & ~is_muon), ("muon", is_muon), ("b_preFSR", is_b)):
        near = known & kind & (angle < MAX_ANGLE[name])
        matched |= near
        chosen = near if WITHIN_ANGLE[name] else known & kind
        counts = (int(np.sum(known & kind)), int(np.sum(near)))
        pairs[name] = Pairs(
            energies[chosen],
            seen.energy[chosen],
            every[chosen],
            *counts,
            e_min=e_min[chosen],
            angle=angle[chosen],
            pt=pt[chosen],
        )
    both = matched[:, 2] & matched[:, 3]
    rec = seen.direction[:, 2:] * np.sqrt(seen.energy**2 - seen.mass**2)[:, 2:, None]
    gen = np.stack([first.p, second.p], axis=1)
    along = seen.direction[:, 2:] * np.linalg.norm(gen, axis=2)[..., None]
    recoil = RecoilPairs(
        k_t[usable],
        weight[usable],
        (seen.k_rec - k_t)[both],
        (along - rec).sum(axis=1)[both, :2],
        (gen - rec).sum(axis=1)[both, :2],
        weight[both],
    )
    return pairs, recoil


def _threshold(jet_pt: np.ndarray, given: float | None) -> float:
    """The softest jet is the most likely threshold of a file that does not say it (less rounding)."""
    if given is not None:
        return given
    return float(jet_pt.min()) * (1.0 - 1e-9) if jet_pt.size else 0.0


def _momenta(obj: ak.Array) -> _Momenta:
    pt, eta, phi, mass = (ak.to_numpy(obj[c]).astype(float) for c in P4)
    p = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
    return _Momenta(np.sqrt((p**2).sum(axis=1) + np.maximum(mass, 0.0) ** 2), p, eta, phi)


def _choose(first: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(first.reshape(-1, *[1] * (a.ndim - 1)), a, b)


def _delta_r(p: _Momenta, direction: np.ndarray) -> np.ndarray:
    eta = np.arctanh(np.clip(direction[:, 2], -1 + 1e-15, 1 - 1e-15))
    phi = np.arctan2(direction[:, 1], direction[:, 0])
    return np.hypot(p.eta - eta, np.angle(np.exp(1j * (p.phi - phi))))
