"""The ``scan`` section of the configuration. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
