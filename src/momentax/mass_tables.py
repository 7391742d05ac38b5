"""Tables of events that serve many mass points of H -> ZA, and variants of these: other scales, parton densities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.config import PhysicsConfig
from momentax.integrate.result import RATIO_DTYPE
from momentax.pdf import PdfSet, stacked
from momentax.processes.hza import HZA
from momentax.processes.hza_plane import (
    Column,
    Plane,
    Variants,
    contract,
    contract_variants,
    couplings,
    interpolations,
    plane,
    to_device,
)
from momentax.processes.hza_splines import Contracted
from momentax.processes.hza_table import COARSE, FINE, MEDIUM, Nodes, tabulate
from momentax.processes.observed import Observed
from momentax.transfer import Detector

Progress = Callable[[int, int], None]

LADDER = (COARSE, MEDIUM, FINE)
"""Tables of an event until the estimated errors are as small as requested."""
SCALE_LADDER = (180.0, 430.0)
"""muF (GeV) of the first two tables; the others go on with this ratio. A mass point is interpolated between three
of them, so that its weight does not depend on the other mass points."""
RATIO_ACCURACY = 5e-4
"""Relative error of the ratio of a variant to its weight beside that of the weight (see the tests)."""


def scale_nodes(scale: float) -> tuple[float, float, float]:
    """The three tabulated scales (GeV) that ``scale`` is interpolated between."""
    ratio = SCALE_LADDER[1] / SCALE_LADDER[0]
    first = 2 * int(np.floor(np.log(scale / SCALE_LADDER[0]) / np.log(ratio) / 2))
    # powers of whole numbers: the last node of one block is the first of the next, to the last bit
    low, middle, high = (SCALE_LADDER[0] * ratio**k for k in range(first, first + 3))
    return low, middle, high


class Tables:
    """Tables of events that serve all mass points of a list."""

    def __init__(
        self,
        hypotheses: Sequence[HZA],
        physics: PhysicsConfig,
        pdf: PdfSet,
        detector: Detector,
        variants: Sequence[tuple[PhysicsConfig, PdfSet]] = (),
    ) -> None:
        self.hypotheses, self.physics, self.detector = list(hypotheses), physics, detector
        self.pdf = pdf
        sets = [pdf]
        for _, other in variants:
            if other not in sets:
                sets.append(other)
        versions = [(physics, 0), *((p, sets.index(other)) for p, other in variants)]
        nodes = [[self._nodes(h, p, k) for h in self.hypotheses] for p, k in versions]
        # the first scale is the reference of the others: always the same one
        first = (0, SCALE_LADDER[0])
        self.columns = [first, *sorted({c for v in nodes for own in v for c in own} - {first})]
        z = self._parameters(self.hypotheses[0])
        gluon = stacked([sets[k].at_scale(q) for k, q in self.columns])
        self.arguments = (detector, physics.sqrt_s, gluon, z.mass_z, z.width_z)
        """What ``tabulate`` wants after the event."""
        self._plane = to_device(self.plane(self.hypotheses))
        self._variants = self._vary(versions[1:], nodes[1:], sets) if variants else None

    def _nodes(self, hypothesis: HZA, physics: PhysicsConfig, number: int) -> list[Column]:
        """The columns of a mass point for the PDF set of this number."""
        return [(number, q) for q in scale_nodes(hypothesis.factorisation_scale(physics))]

    def _parameters(self, hypothesis: HZA) -> Any:
        alpha_s = hypothesis.alpha_s(self.physics, self.pdf)
        return hypothesis.amplitude_parameters(alpha_s, self.physics)

    def _vary(self, versions: Any, nodes: Any, sets: Sequence[PdfSet]) -> Variants:
        """The mass points with the scales and parton densities of the variants."""
        interpolation, factor = [], []
        for (physics, k), own in zip(versions, nodes, strict=True):
            scales = [h.factorisation_scale(physics) for h in self.hypotheses]
            interpolation.append(interpolations(scales, own, self.columns))
            parameters = [
                h.amplitude_parameters(h.alpha_s(physics, sets[k]), physics) for h in self.hypotheses
            ]
            factor.append([couplings(q) for q in parameters])
        return Variants(jnp.asarray(interpolation), jnp.asarray(factor))

    def plane(self, hypotheses: Sequence[HZA]) -> Plane:
        """The weights of some mass points on the fixed grids (numpy, double precision).

        Their scales lie between the same nodes as those of the mass points that the tables are made for.
        """
        nodes = [self._nodes(h, self.physics, 0) for h in self.hypotheses]
        scales = [h.factorisation_scale(self.physics) for h in hypotheses]
        return plane([self._parameters(h) for h in hypotheses], scales, nodes, self.columns)

    def weights(self, x: Observed, nodes: Nodes) -> tuple[Contracted, np.ndarray]:
        """Weights of one event at all mass points, and ln of their variants' ratios [variants, points]."""
        table = table_of(x, *self.arguments, nodes=nodes)
        if self._variants is None:
            found, log_ratio = _contract(table, self._plane), np.zeros((0, len(self.hypotheses)))
        else:
            found, log_ratio = _contract_variants(table, self._plane, self._variants)
        return jax.tree.map(np.asarray, found), np.asarray(log_ratio)

    @property
    def n_variants(self) -> int:
        """Number of variants."""
        return 0 if self._variants is None else len(self._variants.factor)


@dataclass(frozen=True)
class Climbed:
    """What the ladder of tables gave; arrays [mass points, events]."""

    value: np.ndarray
    of_table: np.ndarray
    of_rule: np.ndarray
    """Relative errors: :class:`momentax.processes.hza_splines.Contracted`."""
    n_eval: np.ndarray
    """[events]."""
    bad: np.ndarray
    """[events]: cannot be weighed."""
    log_ratio: np.ndarray
    """[variants, mass points, events]: ln of the variants' ratios."""

    def ratios(self, point: int) -> np.ndarray:
        """Ratios of the variants of one mass point, [events, variants] of ``RATIO_DTYPE``; NaN without a weight.

        The error: what is uncertain of the weight, as far as the ratio varies where the weight comes from (of the order
        of ln of the ratio), and what the interpolation in muF and in the leptons' energies leaves out.
        """
        log_ratio = self.log_ratio[:, point].T
        relative = np.minimum(self.of_table + self.of_rule, 1.0)[point][:, None]
        usable = (self.value[point] > 0.0) & ~self.bad
        out = np.zeros(log_ratio.shape, dtype=RATIO_DTYPE)
        out["value"] = np.exp(log_ratio)
        out["error"] = out["value"] * (relative * np.abs(log_ratio) + RATIO_ACCURACY)
        for name in ("value", "error"):
            out[name][~usable] = np.nan
        return out

    @property
    def error(self) -> np.ndarray:
        """Absolute error of ``value``."""
        return (self.of_table + self.of_rule) * self.value


def climb(tables: Tables, observed: Observed, progress: Progress | None = None) -> Climbed:
    """Weights from tables that grow until the estimated errors are as small as requested."""
    bad = not_finite(observed)
    events = jax.tree.map(np.asarray, observed)
    accuracy = tables.physics.integration.relative_accuracy
    value, of_table, of_rule = (np.zeros((len(tables.hypotheses), len(bad))) for _ in range(3))
    log_ratio = np.zeros((tables.n_variants, *value.shape))
    n_eval = np.zeros(len(bad), dtype=np.int64)
    for done, k in enumerate(np.flatnonzero(~bad), start=1):
        open_ = np.ones(len(value), dtype=bool)
        for nodes in LADDER:
            found, of_variants = tables.weights(events.take(int(k)), nodes)
            # only what had not converged is replaced
            value[open_, k], of_table[open_, k], of_rule[open_, k] = (
                a[open_] for a in (found.value, found.of_table, found.of_rule)
            )
            log_ratio[:, open_, k] = of_variants[:, open_]
            n_eval[k] += nodes.total
            open_ &= ~converged(found.value, found.error, accuracy)
            if not open_.any():
                break
        if progress is not None:
            progress(done, int((~bad).sum()))
    return Climbed(value, of_table, of_rule, n_eval, bad, log_ratio)


def not_finite(observed: Observed) -> np.ndarray:
    """[events]: cannot be weighed."""
    return ~np.all([np.isfinite(a) for a in jax.tree.leaves(observed)], axis=0)


def converged(value: Any, relative: Any, accuracy: float) -> np.ndarray:
    """Whether weights with these relative errors are as accurate as asked."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(value) & (value > 0.0) & (np.asarray(relative) <= accuracy)


table_of = jax.jit(tabulate, static_argnames="nodes")
_contract = jax.jit(contract)
_contract_variants = jax.jit(contract_variants)
