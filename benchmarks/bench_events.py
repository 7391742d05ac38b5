"""Memory and speed of reading events: files of 10^5 and 10^6 entries, made by repetition in a temporary folder.

    taskset -c 1 python benchmarks/bench_events.py [--entries 100000 1000000]

Two formats: flat candidates (tests/data/events/tt_600.root), and NanoAOD names made from the same events with generator
particles and numbers of events that do not rise. Nearly all events are selected, the worst case for what is written.
Each task runs in a process of its own:

- inspect: `momentax inspect`
- iterate: `momentax.events.iter_events`, chunks thrown away
- select: `momentax.events.select_file`, what the workflow's read step does
- shard: entries in the middle, 1,000 of them, as a job of the weigh step reads them
- whole: `momentax.read_events`, which returns all events at once (for comparison: it cannot be flat)

Printed: entries per CPU-second, and peak resident memory of the process, less that of a process that has only imported
the same modules and read one event.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

SAMPLE = Path(__file__).parents[1] / "tests/data/events/tt_600.root"
TASKS = ("inspect", "iterate", "select", "shard", "whole")
BLOCK = 10
"""Copies of the sample written at a time."""


def flat_file(path: Path, entries: int) -> None:
    """The flat sample, repeated."""
    columns = _sample()
    _write(path, {k: v for k, v in columns.items() if v.dtype != object}, entries)


def nanoaod_file(path: Path, entries: int) -> None:
    """The same events under NanoAOD names, with lists and generator particles."""
    t = _sample()
    n = len(t["l1_pt"])
    out: dict[str, np.ndarray | ak.Array] = {"MET_pt": t["MET_pt"], "MET_phi": t["MET_phi"]}
    out |= {"genWeight": np.ones(n, dtype=np.float32), "event": np.arange(n)[::-1].astype(np.uint64)}
    leptons = {c: _pairs(t, "l", c) for c in ("pt", "eta", "phi", "mass", "pdgId")}
    for name, pdg, more in (
        ("Electron", 11, {"cutBased": 4}),
        ("Muon", 13, {"tightId": 1, "pfRelIso04_all": 0.01}),
    ):
        mine = abs(leptons["pdgId"]) == pdg
        fields = {c: leptons[c][mine] for c in ("pt", "eta", "phi", "mass")}
        fields["charge"] = -np.sign(leptons["pdgId"][mine])
        fields |= {c: ak.full_like(fields["pt"], value) for c, value in more.items()}
        out[name] = ak.zip(fields)
    jets = {c: _pairs(t, "b", c) for c in ("pt", "eta", "phi", "mass")}
    jets |= {"btagDeepFlavB": ak.full_like(jets["pt"], 0.9), "jetId": ak.full_like(jets["pt"], 6)}
    jets["partonFlavour"] = _pairs(t, "b", "partonFlavour")
    out["Jet"] = ak.zip(jets)
    particles: dict[str, list[np.ndarray]] = {c: [] for c in ("pt", "eta", "phi", "mass", "pdgId")}
    kinds = {"lp": None, "lm": None, "b": 5, "bbar": -5, "nu": 12, "nubar": -12}
    for name, pdg in kinds.items():
        px, py, pz = (t[f"gen_{name}_{c}"] for c in ("px", "py", "pz"))
        pt = np.hypot(px, py)
        ids = t[f"gen_{name}_pdgId"] if pdg is None else np.full(n, pdg)
        values = (pt, np.arcsinh(pz / pt), np.arctan2(py, px), np.zeros(n), ids)
        for c, v in zip(particles, values, strict=True):
            particles[c].append(v.astype(np.int32 if c == "pdgId" else np.float32))
    lists = {c: _lists(np.stack(v, axis=1)) for c, v in particles.items()}
    lists |= {"status": ak.full_like(lists["pdgId"], 23), "statusFlags": ak.full_like(lists["pdgId"], 4224)}
    out["GenPart"] = ak.zip(lists)
    _write(path, out, entries)


def _sample() -> dict[str, np.ndarray]:
    with uproot.open(SAMPLE) as file:
        return file["Events"].arrays(library="np")


def _lists(values: np.ndarray) -> ak.Array:
    return ak.from_regular(ak.Array(values))


def _pairs(t: dict[str, np.ndarray], prefix: str, component: str) -> ak.Array:
    return _lists(np.stack([t[f"{prefix}1_{component}"], t[f"{prefix}2_{component}"]], axis=1))


def _write(path: Path, columns: dict[str, np.ndarray | ak.Array], entries: int) -> None:
    n = len(columns["MET_pt"])
    index = np.tile(np.arange(n), BLOCK)
    block = {name: values[index] for name, values in columns.items()}
    with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
        types = {k: v.dtype if isinstance(v, np.ndarray) else v.type for k, v in columns.items()}
        tree = file.mktree("Events", types)
        for first in range(0, entries, n * BLOCK):
            size = min(n * BLOCK, entries - first)
            part = {name: values[:size] for name, values in block.items()}
            if path.name.startswith("nanoaod"):
                # unique, and falling: the reader has to sort them
                part["event"] = (10**9 - first - np.arange(size)).astype(np.uint64)
            tree.extend(part)


def run(task: str, path: str) -> None:
    """One task, in this process; prints entries, CPU-seconds and peak memory in bytes."""
    from momentax.events import Selection, inspect, iter_events, read_events, select_file

    cuts = Selection().to_dict()
    next(iter_events(path, entry_stop=1, **cuts))
    total = int(uproot.open(path)["Events"].num_entries)
    # other processes of the machine do not count
    start = time.process_time()
    if task == "inspect":
        inspect(path).to_text()
    elif task == "iterate":
        for _ in iter_events(path, **cuts):
            pass
    elif task == "select":
        with tempfile.TemporaryDirectory() as folder:
            select_file(path, Path(folder) / "out.root", **cuts)
    elif task == "shard":
        read_events(path, entry_start=total // 2, entry_stop=total // 2 + 1000, truth=False, **cuts)
    elif task == "whole":
        read_events(path, **cuts)
    seconds = time.process_time() - start
    print(total, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        run(given.task, given.file)
        return

    def measured(task: str, path: Path) -> list[float]:
        command = [sys.executable, __file__, "--task", task, "--file", str(path)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [float(word) for word in out.split()]

    print("| format | task | entries | CPU-seconds | entries/CPU-second | peak above a bare process, MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind, write in (("flat", flat_file), ("nanoaod", nanoaod_file)):
            for entries in given.entries:
                path = Path(folder) / f"{kind}.root"
                write(path, entries)
                small = Path(folder) / f"{kind}_small.root"
                write(small, 1000)
                bare = measured("nothing", small)[2]
                for task in TASKS:
                    total, seconds, peak = measured(task, path)
                    rate = f"{total / seconds:,.0f}" if task != "shard" else "-"
                    print(
                        f"| {kind} | {task} | {int(total):,} | {seconds:.2f} | {rate} | {(peak - bare) / 1e6:.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
