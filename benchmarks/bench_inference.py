"""Microseconds per weight that a regressor predicts, on one core: our preset and the paper's topology, in one run.

Random kernels: as fast as trained ones. Each number is the best of several repetitions, all models in turn in each, so
that a busy machine slows all alike; ratios are to the single network of our preset.

    XLA_FLAGS=--xla_cpu_multi_thread_eigen=false taskset -c 0 python benchmarks/bench_inference.py [--onnx]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from momentax.events import read_events
from momentax.regress import RegressConfig, paper_preset
from momentax.regress.inputs import raw_inputs
from momentax.regress.regressor import Regressor
from momentax.regress.untrained import untrained

EVENTS = Path(__file__).parents[1] / "tests/data/events/tt_600.root"
POINTS = np.array([(200.0, 50.0), (500.0, 300.0), (1000.0, 500.0), (3000.0, 2000.0)])


def onnx_runner(regressor: Regressor):
    """The exported model in ONNX Runtime, on one thread."""
    import onnxruntime

    from momentax.export.onnx import onnx_model

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(onnx_model(regressor).SerializeToString())
        file.flush()
        session = onnxruntime.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
    return lambda raw, masses: session.run(
        None, {"raw": raw.astype(np.float32), "masses": masses.astype(np.float32)}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=["drell_yan", "ttbar", "hza"])
    parser.add_argument("--batches", nargs="+", type=int, default=[4096, 16_384, 65_536])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument(
        "--onnx", action="store_true", help="also the exported single network in ONNX Runtime"
    )
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    args = parser.parse_args()
    source = raw_inputs(read_events(EVENTS))
    found = {}
    print(
        f"{jax.devices()[0].device_kind}, {jax.__version__}; microseconds per weight (ratio to our single network)"
    )
    for kind in args.kinds:
        points = POINTS if kind == "hza" else None
        ours = untrained(kind, RegressConfig(members=3), source, points)
        paper = untrained(kind, paper_preset(kind), source, points)
        run = {
            "single": ours.single().predict_raw,
            f"ensemble of {len(ours.members)}": ours.predict_raw,
            "paper's topology": paper.predict_raw,
        }
        if args.onnx:
            run["single, ONNX Runtime"] = onnx_runner(ours.single())
        for batch in args.batches:
            raw = np.resize(source, (batch, source.shape[1]))
            masses = np.resize(POINTS, (batch, 2)) if kind == "hza" else np.zeros((batch, 2))
            best = dict.fromkeys(run, np.inf)
            for function in run.values():
                function(raw, masses)
            for _ in range(args.repeat):
                for name, function in run.items():
                    start = time.perf_counter()
                    function(raw, masses)
                    best[name] = min(best[name], (time.perf_counter() - start) / batch * 1e6)
            found[f"{kind} {batch}"] = best
            shown = ", ".join(f"{n} {t:.2f} ({t / best['single']:.2f})" for n, t in best.items())
            print(f"{kind:>9} {batch:>6}: {shown}", flush=True)
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
