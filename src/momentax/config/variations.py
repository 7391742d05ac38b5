"""The ``variations`` section: named changes of the events or of the physics, whose effect every stage is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator

from momentax.config.base import Name, Section
from momentax.config.physics import DetectorConfig, PdfConfig, PhysicsConfig, ScalesConfig

Factor = Annotated[float, Field(gt=0.5, lt=2)]
EnergyGeV = Annotated[float, Field(ge=0, json_schema_extra={"unit": "GeV"})]


class JetEnergyScale(Section):
    """Momenta of all jets times a factor."""

    kind: Literal["jet_energy_scale"] = "jet_energy_scale"
    """Tells this variation from the others."""
    factor: Factor
    """1.1 is the upward shift of 10 % of the paper's Fig. 14."""
    met: bool = True
    """The missing transverse momentum takes up the change, as it does when jets are recalibrated (k_rec stays)."""


class JetEnergyResolution(Section):
    """Jets smeared further, so that their resolution is a factor worse."""

    kind: Literal["jet_energy_resolution"] = "jet_energy_resolution"
    """Tells this variation from the others."""
    factor: Annotated[float, Field(gt=1, lt=3)]
    """Of the resolution; smearing cannot make it better."""
    met: bool = True
    """The missing transverse momentum takes up the change."""


class LeptonEnergyScale(Section):
    """Momenta of leptons times a factor."""

    kind: Literal["lepton_energy_scale"] = "lepton_energy_scale"
    """Tells this variation from the others."""
    factor: Factor
    """Of their momenta."""
    flavours: tuple[Literal["electron", "muon"], ...] = ("electron", "muon")
    """Whose momenta."""
    met: bool = True
    """The missing transverse momentum takes up the change."""


class Recoil(Section):
    """The measured recoil k_rec (and with it the missing transverse momentum) scaled, and smeared further."""

    kind: Literal["recoil"] = "recoil"
    """Tells this variation from the others."""
    factor: Factor = 1.0
    """On k_rec."""
    smear: EnergyGeV = 0.0
    """Standard deviation per axis that is added to k_rec."""

    @model_validator(mode="after")
    def _does_something(self) -> Recoil:
        if self.factor == 1 and self.smear == 0:
            raise ValueError(
                "a recoil variation with factor 1 and no smear changes nothing; give one of them"
            )
        return self


class Pdf(PdfConfig):
    """Other parton densities, or another member of the set, with their alpha_s."""

    kind: Literal["pdf"] = "pdf"
    """Tells this variation from the others."""


class Scales(ScalesConfig):
    """Other scales."""

    kind: Literal["scales"] = "scales"
    """Tells this variation from the others."""


class OtherDetector(Section):
    """The same events weighed with another detector: transfer functions and recoil."""

    kind: Literal["detector"] = "detector"
    """Tells this variation from the others."""
    detector: DetectorConfig
    """What stands in the place of `physics.detector`."""


# Changes of the events, which are weighed anew.
EventVariation = JetEnergyScale | JetEnergyResolution | LeptonEnergyScale | Recoil
# Changes of factors of the integrand: evaluated at the points of the weight, with the error of the ratio.
Reweighting = Pdf | Scales
Variation = Annotated[EventVariation | Reweighting | OtherDetector, Field(discriminator="kind")]


def varied_physics(physics: PhysicsConfig, variation: Any) -> PhysicsConfig:
    """The physics section under a variation; as it is for those of events."""
    if isinstance(variation, Pdf):
        other: dict[str, Any] = {"pdf": PdfConfig(set=variation.set, member=variation.member)}
    elif isinstance(variation, Scales):
        now = physics.scales
        other = {"scales": ScalesConfig(muF=now.muF * variation.muF, muR=now.muR * variation.muR)}
    elif isinstance(variation, OtherDetector):
        other = {"detector": variation.detector}
    else:
        return physics
    return physics.model_copy(update=other)


class VariationsSection(Section):
    """Systematic variations: each goes through weights, networks, discriminants to the figures."""

    shifts: dict[Name, Variation] = Field(default_factory=dict)
    """Variations by name. `jet_energy_scale`, `jet_energy_resolution`, `lepton_energy_scale`, `recoil` change the
    events, which are weighed anew, as they are by `detector`; `pdf` and `scales` are weighed together with the nominal
    ones, at the same points."""
    samples: tuple[Name, ...] | None = None
    """Samples whose events are varied (pdf, scales: all); null: all."""
    max_events: Annotated[int, Field(ge=1)] | None = None
    """Events of a sample that are varied, from its start (pdf, scales: all of them); null: all."""
    discriminant: tuple[str, str] | None = ("ttbar", "drell_yan")
    """Hypotheses (alpha, beta) of the discriminant whose ROC curve is shown; null: none."""

    @field_validator("shifts")
    @classmethod
    def _names(cls, shifts: dict[str, Any]) -> dict[str, Any]:
        for name in shifts:
            if "__" in name:
                raise ValueError(
                    f"{name!r}: two underscores part sample and variation in file names; use one"
                )
            if name == "nominal":
                raise ValueError("'nominal' is what variations are compared with; give another name")
        return shifts

    @property
    def reweightings(self) -> dict[str, Any]:
        """Variations that are evaluated at the points of the nominal weight, by name."""
        return {name: v for name, v in self.shifts.items() if isinstance(v, Reweighting)}

    @property
    def separate(self) -> dict[str, Any]:
        """Variations that have weights of their own, by name."""
        return {name: v for name, v in self.shifts.items() if not isinstance(v, Reweighting)}


def read_reweightings(values: Mapping[str, Any]) -> dict[str, Reweighting]:
    """Variations at the same points, by name, from plain values (those of a job, or of metadata)."""
    return TypeAdapter(dict[str, Annotated[Reweighting, Field(discriminator="kind")]]).validate_python(
        dict(values)
    )


def described(variation: Any) -> str:
    """A variation in words, for captions: its kind and what differs from a default."""
    keys = variation.model_dump(mode="json", exclude={"kind"}, exclude_defaults=True)
    return ", ".join([variation.kind.replace("_", " "), *(f"{key} {value}" for key, value in keys.items())])


__all__ = [
    "EventVariation",
    "JetEnergyResolution",
    "JetEnergyScale",
    "LeptonEnergyScale",
    "OtherDetector",
    "Pdf",
    "Recoil",
    "Reweighting",
    "Scales",
    "Variation",
    "VariationsSection",
    "described",
    "read_reweightings",
    "varied_physics",
]
