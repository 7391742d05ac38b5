"""Squared amplitudes a second on one core, beside MadGraph's own code; operations counted by XLA.

    XLA_FLAGS=--xla_cpu_multi_thread_eigen=false taskset -c 1 python benchmarks/bench_amplitudes.py [--tile 1024]

MadGraph: scalar Fortran of MadGraph5_aMC@NLO 3.5.7, -O3 -march=native -ffast-math, one 2.5 GHz AVX512 core.
The peak is measured: eight independent chains of fused multiply-adds in cache, compiled by the same XLA.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.amplitudes import PROCESSES, llbb_weighted, ttbar_channels
from momentax.amplitudes.llbb import LlbbChannels
from momentax.kinematics import from_array

DATA = Path(__file__).parents[1] / "tests" / "data" / "matrix_elements"


def ttbar_sum(p: Any, params: Any) -> jax.Array:
    """gg and q qbar with luminosities: what a ttbar integrand computes."""
    gg, qqbar = ttbar_channels(p, params)
    return p[0].e * gg + p[1].e * qqbar


def llbb_sum(p: Any, params: Any) -> jax.Array:
    """The five channels of Drell-Yan with luminosities."""
    return llbb_weighted(p, params, LlbbChannels(p[0].e, p[1].e, p[2].e, p[3].e, p[4].e))


# label, reference file, process of the parameters, function (None: msq), iterations of its loop (XLA counts a
# loop's body once), MadGraph's evaluations/s
CASES: list[tuple[str, str, str, Callable[..., Any] | None, int, float | None]] = [
    ("gg_ttbar", "sm_gg_ttx_dilep", "gg_ttbar", None, 1, 1.5e5),
    ("gg_ttbar, mb = 0", "sm0b_gg_ttx_dilep", "gg_ttbar", None, 1, 5.4e5),
    ("uubar_ttbar", "sm_uux_ttx_dilep", "uubar_ttbar", None, 1, 4.1e5),
    ("uubar_ttbar, mb = 0", "sm0b_uux_ttx_dilep", "uubar_ttbar", None, 1, 1.1e6),
    ("ttbar, both channels", "sm_gg_ttx_dilep", "gg_ttbar", ttbar_sum, 1, None),
    ("uubar_llbb", "sm_uux_bbxepem", "uubar_llbb", None, 1, 9.6e4),
    ("uubar_llbb, mb = 0", "sm0b_uux_bbxepem", "uubar_llbb", None, 1, 1.9e5),
    ("gg_llbb", "sm_gg_bbxepem", "gg_llbb", None, 2, 3.0e4),
    ("gg_llbb, mb = 0", "sm0b_gg_bbxepem", "gg_llbb", None, 1, 6.1e4),
    ("llbb, five channels", "sm_gg_bbxepem", "gg_llbb", llbb_sum, 1, None),
    ("llbb, five channels, mb = 0", "sm0b_gg_bbxepem", "gg_llbb", llbb_sum, 1, None),
    ("gg_hza", "thdm_gg_hh_zha_epembbx_500_300", "gg_hza", None, 1, 1.5e5),
]


def best_time(run: Callable[[], Any], seconds: float = 1.0) -> float:
    """Shortest of the calls made in ``seconds``: the least disturbed one."""
    jax.block_until_ready(run())
    best, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        jax.block_until_ready(run())
        best = min(best, time.perf_counter() - start)
    return best


def peak_gflops() -> float:
    """GFLOP/s of chains of multiply-adds that stay in registers."""
    n, depth = 4096, 200

    @jax.jit
    def chains(x: jax.Array) -> jax.Array:
        terms = [x * (1.0 + 0.1 * i) for i in range(8)]
        for _ in range(depth):
            terms = [t * 0.999 + x for t in terms]
        return sum(terms[1:], terms[0])

    x = jnp.linspace(0.0, 1.0, n)
    return 8 * 2 * depth * n / best_time(lambda: chains(x)) / 1e9


def measure(case: tuple[Any, ...], tile: int) -> dict[str, Any]:
    """One row of the table."""
    label, file, process, function, trips, madgraph = case
    data = json.loads(gzip.decompress((DATA / f"{file}.json.gz").read_bytes()))
    momenta = np.resize(np.array(data["momenta"]), (tile, len(data["pdg"]), 4))
    p = [from_array(jnp.asarray(momenta[:, i])) for i in range(momenta.shape[1])]
    module = PROCESSES[process]
    params = module.parameters({**data["params_external"], "MB": max(data["masses"])})
    start = time.perf_counter()
    lowered = jax.jit(function or module.msq).lower(p, params)
    traced = time.perf_counter()
    compiled = lowered.compile()
    done = time.perf_counter()
    cost = compiled.cost_analysis()
    seconds = best_time(lambda: compiled(p, params))
    flops = cost["flops"] * trips
    return {
        "case": label,
        "rate": tile / seconds,
        "madgraph": madgraph,
        "flops": flops / tile,
        "bytes": cost["bytes accessed"] / tile,
        "gflops": flops / seconds / 1e9,
        "trace_s": traced - start,
        "compile_s": done - traced,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tile", type=int, default=1024, help="points a call")
    parser.add_argument("--only", default="", help="part of the name of the cases to run")
    arguments = parser.parse_args()
    print(f"peak {peak_gflops():.1f} GFLOP/s, tile {arguments.tile}")
    print("| case | evaluations/s | MadGraph | ratio | operations | bytes | GFLOP/s | trace s | compile s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        if arguments.only not in case[0]:
            continue
        row = measure(case, arguments.tile)
        ratio = f"{row['rate'] / row['madgraph']:.0f}" if row["madgraph"] else "-"
        madgraph = f"{row['madgraph']:.2g}" if row["madgraph"] else "-"
        print(
            f"| {row['case']} | {row['rate']:.2g} | {madgraph} | {ratio} | {row['flops']:.0f} | "
            f"{row['bytes']:.0f} | {row['gflops']:.1f} | {row['trace_s']:.1f} | {row['compile_s']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
