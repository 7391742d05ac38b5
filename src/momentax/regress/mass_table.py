"""What W of H -> ZA owes to the masses alone, tabulated: a network need not learn it from a few mass points.

For narrow poles W is proportional to

    N(mH, mA) = C |F(mH^2)|^2 mH^4 mA^2 / (mH Gamma_H mA Gamma_A)

with C the couplings of `momentax.processes.hza_plane` and F the form factor of gg -> H.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

NODES = (64, 64)
RANGE = ((9.5, 3000.0), (15.0, 4000.0))
"""GeV: of mA, and of mH - mA."""


def mass_table(physics: Any = None, mass_points: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Table of (log10 N, ln Gamma_H/mH, ln Gamma_A/mA) over ln mA and ln(mH - mA).

    Args:
        physics: the section ``physics`` of the configuration (type-II model, scales); None for the defaults.
        mass_points: (mH, mA) [m, 2] in GeV that must lie inside.

    Returns:
        ``start`` and ``step`` [2] of the nodes, ``values`` [64, 64, 3]; float32.
    """
    from momentax.config import PhysicsConfig
    from momentax.pdf import load_pdf
    from momentax.processes.hza import HZA
    from momentax.processes.hza_plane import couplings, form_factor2

    physics = physics or PhysicsConfig()
    pdf = load_pdf(physics.pdf.set, physics.pdf.member)
    edges = [list(r) for r in RANGE]
    if mass_points is not None and len(mass_points):
        for k, v in enumerate((mass_points[:, 1], mass_points[:, 0] - mass_points[:, 1])):
            edges[k] = [min(edges[k][0], v.min()), max(edges[k][1], v.max())]
    axes = [np.linspace(np.log(low), np.log(high), n) for (low, high), n in zip(edges, NODES, strict=True)]
    grid = [(float(a + gap), float(a)) for a in np.exp(axes[0]) for gap in np.exp(axes[1])]
    points = [HZA(*p) for p in grid]
    each = [h.amplitude_parameters(h.alpha_s(physics, pdf), physics) for h in points]
    q = jax.tree.map(lambda *leaves: np.array(leaves, np.float64), *each)
    s = q.mass_H**2
    narrow = q.mass_H * q.width_H * q.mass_A * q.width_A
    factor = np.asarray(couplings(q)) * np.asarray(form_factor2(s, q)) * s**2 * q.mass_A**2 / narrow
    logs = (np.log10(factor), np.log(q.width_H / q.mass_H), np.log(q.width_A / q.mass_A))
    values = np.stack(logs, axis=-1).reshape(*NODES, 3)
    return {
        "start": np.array([a[0] for a in axes], np.float32),
        "step": np.array([a[1] - a[0] for a in axes], np.float32),
        "values": values.astype(np.float32),
    }


def of_masses(masses: jax.Array, table: Any) -> jax.Array:
    """Logarithms that depend on the masses alone, [n, 3], linear between the nodes of `mass_table`."""
    x = jnp.log(masses[:, 1])
    y = jnp.log(masses[:, 0] - masses[:, 1])
    values = jnp.asarray(table["values"])
    n_x, n_y = values.shape[:2]
    i = jnp.clip((x - table["start"][0]) / table["step"][0], 0.0, n_x - 1.001)
    j = jnp.clip((y - table["start"][1]) / table["step"][1], 0.0, n_y - 1.001)
    a, b = i.astype(jnp.int32), j.astype(jnp.int32)
    s, t = (i - a)[:, None], (j - b)[:, None]
    low = (1 - t) * values[a, b] + t * values[a, b + 1]
    high = (1 - t) * values[a + 1, b] + t * values[a + 1, b + 1]
    return (1 - s) * low + s * high
