"""The ``scan`` section of the configuration, and planes of mass points. Imports nothing heavy."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from momentax.scan.nodes import LEAST_NODES

Mass = Annotated[float, Field(gt=0, json_schema_extra={"unit": "GeV"})]


class SurfaceConfig(BaseModel):
    """Nodes of the surface of sigma_vis of H -> ZA over the mass plane (momentax.scan.surface)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nodes: tuple[tuple[Mass, Mass], ...] = Field(
        default=(),
        description="Mass points (mH, mA) at which the generator computes sigma_vis, at least 13; none: `n_nodes` of "
        "hypotheses.hza, spread evenly. They should surround the mass points: beyond them the error grows quickly.",
    )
    n_nodes: int = Field(
        default=60,
        ge=LEAST_NODES,
        description="Mass points that are nodes where `nodes` names none. 60 for the 207 points from (132, 30) to "
        "(1000, 780) leave 1 % between them, 0.4 % for mA >= 50; fewer are worse where jets are soft.",
    )

    @model_validator(mode="after")
    def _enough(self) -> SurfaceConfig:
        if self.nodes and len(self.nodes) < LEAST_NODES:
            raise ValueError(f"{len(self.nodes)} nodes: a surface needs at least {LEAST_NODES}")
        if len(set(self.nodes)) < len(self.nodes):
            raise ValueError("a node is given twice")
        return self


class ScanConfig(BaseModel):
    """Likelihood of a sample over the (mH, mA) points that have weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invalid: Literal["drop_event", "floor"] = Field(
        default="floor",
        description="An event whose weight cannot be used at some mass point. drop_event: left out at every "
        "point (points stay comparable; the likelihood is that of the events every point can describe). "
        "floor: its weight there is the smallest usable weight of the scan. Both counts are written.",
    )
    use_not_converged: bool = Field(default=True, description="Use weights of status not_converged too.")
    bootstrap: int = Field(default=500, ge=10, le=100_000, description="Bootstrap replicas for the errors.")
    seed: int = Field(default=1, ge=0, lt=2**31, description="Seed of the bootstrap.")


class PlaneConfig(BaseModel):
    """A lattice of mass points, for the position of the minimum between them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mH: tuple[Mass, Mass, Mass] = Field(
        default=(430.0, 570.0, 10.0), description="First, last mH and the step."
    )
    mA: tuple[Mass, Mass, Mass] = Field(
        default=(230.0, 370.0, 10.0), description="First, last mA and the step."
    )
    gap: Annotated[float, Field(ge=92, json_schema_extra={"unit": "GeV"})] = Field(
        default=100.0, description="Least mH - mA: H -> Z A closes at mZ."
    )
    fit_points: int = Field(default=12, ge=9, description="Lowest points that the paraboloid is fitted to.")
    n_trials: int = Field(
        default=100_000,
        ge=1000,
        description="Trials for sigma_vis of each of up to 20 nodes of its surface.",
    )

    @model_validator(mode="after")
    def _ranges(self) -> PlaneConfig:
        for name, (first, last, step) in (("mH", self.mH), ("mA", self.mA)):
            if last - first < 2 * step:
                raise ValueError(
                    f"{name} = [{first:g}, {last:g}, {step:g}] has fewer than three values; give first, last, step"
                )
        if len(self.nodes()) < 13:
            raise ValueError("H -> ZA is closed in most of this plane; raise mH or lower mA")
        return self

    def points(self) -> list[tuple[float, float]]:
        """Mass points (mH, mA), GeV."""
        return [p for p in itertools.product(_steps(*self.mH), _steps(*self.mA)) if p[0] - p[1] >= self.gap]

    def nodes(self) -> list[tuple[float, float]]:
        """Mass points at which sigma_vis is computed: 5 x 4 over the plane."""
        (h0, h1, _), (a0, a1, _) = self.mH, self.mA
        lattice = [(h0 + (h1 - h0) * i / 4, a0 + (a1 - a0) * j / 3) for i in range(5) for j in range(4)]
        return [(round(h, 1), round(a, 1)) for h, a in lattice if h - a >= self.gap]


def _steps(first: float, last: float, step: float) -> list[float]:
    return [first + i * step for i in range(int((last - first) / step + 1e-9) + 1)]
