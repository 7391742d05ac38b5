"""Time of PDFs and transfer functions inside jit, one core: XLA_FLAGS=--xla_cpu_multi_thread_eigen=false."""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np

from momentax.pdf import load_pdf
from momentax.transfer import binned_detector, default_detector

POINTS = 1 << 16


def bench(name, function, *arguments) -> None:
    """Print the best of 25 calls, in ns a point."""
    jitted = jax.jit(function)
    jax.block_until_ready(jitted(*arguments))
    times = []
    for _ in range(25):
        start = time.perf_counter()
        jax.block_until_ready(jitted(*arguments))
        times.append(time.perf_counter() - start)
    print(f"{name:45s} {min(times) / POINTS * 1e9:8.1f} ns a point")


def luminosities(pdf, x1, x2):
    """gg and the four sums of q qbar, as an integrand needs them: 9 partons at each of 2 x."""
    a, b = pdf.xf(x1), pdf.xf(x2)
    return (
        a.g * b.g,
        a.u * b.ubar + a.c * b.cbar,
        a.ubar * b.u + a.cbar * b.c,
        a.d * b.dbar + a.s * b.sbar,
        a.dbar * b.d + a.sbar * b.s,
    )


def main() -> None:
    rng = np.random.default_rng(0)
    x = jnp.asarray(np.exp(rng.uniform(-9.0, -0.1, (2, POINTS))))
    pdf = load_pdf()
    fixed = pdf.at_scale(172.5)
    bench("gluon at one scale", lambda f, x: f.xf(x).g, fixed, x[0])
    bench("gg and q qbar luminosities at one scale", luminosities, fixed, x[0], x[1])
    bench("gluon, x and Q", lambda x, q: pdf.xfx(21, x, q), x[0], 50.0 + 500.0 * x[1])
    e_gen = jnp.asarray(rng.uniform(20.0, 300.0, POINTS))
    e_rec = e_gen * jnp.asarray(rng.uniform(0.7, 1.4, POINTS))
    u = jnp.asarray(rng.random(POINTS))
    for kind, detector in (("Gaussian", default_detector()), ("binned", binned_detector())):
        bench(f"{kind} b-jet density", lambda t, a, b: t.density(a, b), detector.bjet, e_rec, e_gen)
        bench(f"{kind} b-jet sample", lambda t, a, b: t.sample(a, b), detector.bjet, u, e_gen)
    bench("recoil g", lambda r, a, b: r.g(a, b), default_detector().recoil, e_rec, e_gen)


if __name__ == "__main__":
    main()
