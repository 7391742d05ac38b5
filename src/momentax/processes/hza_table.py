"""H -> ZA of one event as a table: ln rho(s_A, s_H) (:mod:`momentax.processes.hza_density`) on nodes (a, v).

The hypothesis enters the integrand of :mod:`momentax.processes.hza` through two Breit-Wigner factors, functions of
s_H = s_llbb alone, and the scale muF, so one table of an event serves all mass points.
a = ln s_A, and v is a coordinate of ln(s_H - s_A) relative to its value on the fold.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from momentax.processes.hza_density import densities
from momentax.processes.hza_geometry import Geometry, a_of, eta_of, fold, geometry
from momentax.processes.observed import Observed
from momentax.transfer import Detector

Array = jax.Array


class Nodes(NamedTuple):
    """Numbers of nodes: of the table in a and v, and of the trapezoidal rules in t and x."""

    a: int = 28
    v: int = 60
    t: int = 16
    x: int = 8

    @property
    def total(self) -> int:
        """Evaluations of the integrand."""
        return self.a * self.v * self.t * self.x


COARSE, MEDIUM, FINE = Nodes(), Nodes(40, 88, 24, 12), Nodes(56, 120, 32, 16)
"""The ladder of tables; FINE has half of every step of COARSE."""


class Table(NamedTuple):
    """ln rho of an event on the nodes, from all points of the rules and from every other one in t, and in x."""

    geometry: Geometry
    log_rho: Array
    """[scales, a, v], of rho in pb/(GeV^6 sr^4) GeV^4 (see module); -inf where there is nothing."""
    log_coarse: Array
    """[2, a, v] at the first scale: half the nodes in t; half the nodes in x."""


def tabulate(
    x: Observed,
    detector: Detector,
    sqrt_s: Array | float,
    gluon: Any,
    mass_z: Array | float,
    width_z: Array | float,
    nodes: Nodes = COARSE,
) -> Table:
    """The table of one event (scalars in ``x``).

    ``gluon``: a FixedScalePdf whose arrays have the scales as leading axis; sqrt_s, mass_z, width_z in GeV. The
    couplings and the Breit-Wigner factors of A and H are left out, that of the Z is in.
    """
    g, ends = geometry(x, detector, nodes.a)
    return tabulate_on(g, ends, x, detector, sqrt_s, gluon, mass_z, width_z, nodes)


def tabulate_on(
    g: Geometry,
    ends: Array,
    x: Observed,
    detector: Detector,
    sqrt_s: Array | float,
    gluon: Any,
    mass_z: Array | float,
    width_z: Array | float,
    nodes: Nodes,
) -> Table:
    """:func:`tabulate` with given places of the nodes; ``ends`` of ln |p| as :func:`geometry` returns them."""
    density = densities(x, detector, sqrt_s, gluon, mass_z, width_z, g, ends, nodes.t, nodes.x)
    eta = eta_of(g, jnp.linspace(0.0, 1.0, nodes.v))
    found = jax.lax.map(
        lambda a: density(jnp.exp(a), jnp.exp(fold(g, a) + eta)), a_of(g, jnp.arange(nodes.a))
    )
    return Table(g, *(jnp.moveaxis(logs, 1, 0) for logs in found))
