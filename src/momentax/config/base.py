"""What all sections of the configuration share: strict frozen models and the types with units."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Strict frozen model: unknown keys are refused, attribute docstrings are the descriptions."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )


GeV = Annotated[float, Field(gt=0, json_schema_extra={"unit": "GeV"})]
"""A positive energy, mass or momentum in GeV."""

CutGeV = Annotated[float, Field(ge=0, json_schema_extra={"unit": "GeV"})]
"""A lower cut in GeV; 0 switches it off."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
"""A number strictly between 0 and 1."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name that is safe in file names and branch names."""
