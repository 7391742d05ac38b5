"""NanoAOD files made from the flat samples: reconstructed objects, further b jets, generator particles."""

import awkward as ak
import numpy as np
import uproot
from by_hand import raw

HARD, FIRST, LAST = 1 << 7, 1 << 12, 1 << 13
GEN = {"lp": 0, "lm": 0, "b": 5, "bbar": -5, "nu": 12, "nubar": -12}


def particle(pdg, status, flags, p4=(0.0, 0.0, 0.0, 0.0)):
    return dict(zip(("pt", "eta", "phi", "mass"), map(float, p4), strict=True)) | {
        "pdgId": pdg,
        "status": status,
        "statusFlags": flags,
    }


def gen_particles(t, i, names):
    """GenPart of event i: incoming partons, hard process with later copies, as showered files have them."""
    out = [particle(5, 21, HARD | FIRST), particle(-5, 21, HARD | FIRST)]  # incoming: not to be taken
    for name in names:
        px, py, pz = (float(t[f"gen_{name}_{c}"][i]) for c in ("px", "py", "pz"))
        pt = np.hypot(px, py)
        p4 = (pt, np.arcsinh(pz / pt), np.arctan2(py, px), 0.0)
        pdg = int(t[f"gen_{name}_pdgId"][i]) if name in ("lp", "lm") else GEN[name]
        out.append(particle(pdg, 23, HARD | FIRST, p4))
        radiated = (0.9 * p4[0], *p4[1:])
        # a last copy that is not of the hard process; of leptons one that is, as some files have it
        out.append(particle(pdg, 1, HARD | LAST if name in ("lp", "lm") else LAST, radiated))
    return out


def write_nanoaod(path, sample, events=None, extra_jets=(), gen=None, flavours=None, **columns):
    """The flat ``sample`` (path) in NanoAOD names.

    extra_jets: list per event of (pt, eta, phi, mass) of further tagged jets; gen: list per event of particles;
    flavours: per event those of the flat file's two jets, then of the further ones.
    """
    t = {k: v.tolist() for k, v in raw(sample).items()}
    rows = range(len(t["l1_pt"])) if events is None else events
    lists = {"Electron": [], "Muon": [], "Jet": []}
    for n, i in enumerate(rows):
        objects = {"Electron": [], "Muon": []}
        for k in (1, 2):
            p4 = {c: t[f"l{k}_{c}"][i] for c in ("pt", "eta", "phi", "mass")}
            kind, more = (
                ("Electron", {"cutBased": 4})
                if abs(t[f"l{k}_pdgId"][i]) == 11
                else ("Muon", {"tightId": 1, "pfRelIso04_all": 0.01})
            )
            objects[kind].append(p4 | more | {"charge": -int(np.sign(t[f"l{k}_pdgId"][i]))})
        lists["Electron"].append(objects["Electron"])
        lists["Muon"].append(objects["Muon"])
        jets = [tuple(t[f"b{k}_{c}"][i] for c in ("pt", "eta", "phi", "mass")) for k in (1, 2)]
        jets += list(extra_jets[n]) if len(extra_jets) else []
        fields = [dict(zip(("pt", "eta", "phi", "mass"), map(float, j), strict=True)) for j in jets]
        fields = [f | {"btagDeepFlavB": 0.9, "jetId": 6} for f in fields]
        if flavours is not None:
            fields = [f | {"partonFlavour": int(x)} for f, x in zip(fields, flavours[n], strict=True)]
        lists["Jet"].append(fields)
    names = {
        "Electron": ("pt", "eta", "phi", "mass", "cutBased", "charge"),
        "Muon": ("pt", "eta", "phi", "mass", "tightId", "pfRelIso04_all", "charge"),
        "Jet": ("pt", "eta", "phi", "mass", "btagDeepFlavB", "jetId")
        + (("partonFlavour",) if flavours is not None else ()),
    }
    if gen is not None:
        lists["GenPart"] = gen
        names["GenPart"] = ("pt", "eta", "phi", "mass", "pdgId", "status", "statusFlags")
    n = len(lists["Jet"])
    out = {}
    for name, objects in lists.items():
        counts = [len(event) for event in objects]
        flat = [one for event in objects for one in event]
        out[name] = ak.zip({f: ak.unflatten(np.array([one[f] for one in flat]), counts) for f in names[name]})
    out |= {name: np.array([t[name][i] for i in rows]) for name in ("MET_pt", "MET_phi")}
    out |= {"genWeight": np.ones(n), "event": np.arange(n, dtype=np.uint64) + 7}
    out |= columns
    with uproot.recreate(path) as file:
        tree = file.mktree("Events", {k: getattr(v, "dtype", None) or v.type for k, v in out.items()})
        tree.extend(out)
    return path
