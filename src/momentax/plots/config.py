"""The ``figures`` section of the configuration. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class FiguresConfig(BaseModel):
    """How figures are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formats: list[Literal["pdf", "png", "svg"]] = Field(
        default=["pdf", "png"], min_length=1, description="Every figure is written in each of these."
    )
    dpi: int = Field(default=150, ge=50, le=1200, description="Resolution of png.")
    label: str = Field(default="momentax", max_length=40, description="Bold label above every figure.")
    addition: str = Field(
        default="Simulation",
        max_length=40,
        description="Text in italics after the label; empty for recorded events.",
    )
    information_bins: int = Field(
        default=50, ge=5, le=500, description="Bins of the information distributions."
    )
