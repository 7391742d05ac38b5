"""Cuts on the further b jets (j3, j4), which may be absent."""

from __future__ import annotations

import numpy as np

from momentax.events.schema import EXTRA_JETS, LEPTONS, P4, Columns, extra_jet_kind
from momentax.events.selection import Selection, delta_r


def judge_extra_jets(columns: Columns, sel: Selection) -> None:
    """Apply the jet cuts to j3 and j4, where the columns have them: one that fails is absent (in place).

    A jet without a pt > 0 is absent too. Those left stand in decreasing pt.
    """
    if not extra_jet_kind(columns):
        return
    jets = []
    with np.errstate(invalid="ignore"):
        for jet in EXTRA_JETS:
            pt, eta, phi = (columns[f"{jet}_{c}"] for c in ("pt", "eta", "phi"))
            good = pt > (sel.jet_pt_min or 0.0)
            # a direction that is not finite cannot be judged: the jet stays, and marks the event as bad input
            if sel.jet_eta_max is not None:
                good &= ~(np.abs(eta) >= sel.jet_eta_max)
            if sel.jet_lepton_dr_min is not None:
                for lep in LEPTONS:
                    dr = delta_r(eta, phi, columns[f"{lep}_eta"], columns[f"{lep}_phi"])
                    good &= ~(dr <= sel.jet_lepton_dr_min)
            jets.append({c: np.where(good, columns[f"{jet}_{c}"], np.nan) for c in P4})
        swap = (jets[1]["pt"] > jets[0]["pt"]) | (np.isnan(jets[0]["pt"]) & np.isfinite(jets[1]["pt"]))
    for c in P4:
        columns[f"j3_{c}"] = np.where(swap, jets[1][c], jets[0][c])
        columns[f"j4_{c}"] = np.where(swap, jets[0][c], jets[1][c])
