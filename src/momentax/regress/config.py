"""The ``regress`` section of the configuration: networks and training. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from momentax.errors import nearest

Activation = Literal["relu", "silu", "gelu", "tanh", "selu", "linear"]


class RegressConfig(BaseModel):
    """Training of the regressors of the event information I = -log10 W.

    One section serves one hypothesis; the defaults are momentax's own, `paper_preset` gives the paper's (Table 2).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Literal["paper", "physics"] = Field(
        default="physics",
        description="paper: its 13 (15) variables; physics: energies, invariant masses, recoil, and for H -> ZA the b "
        "energies that the mass point demands.",
    )
    layers: Literal["plain", "residual", "gated"] = Field(
        default="residual",
        description="plain: x -> f(A x); residual: x -> x + B f(A x); gated: x -> x + C (f(A x) * B x).",
    )
    hidden: list[int] = Field(
        default=[64, 64, 64], min_length=1, max_length=64, description="Neurons of each hidden layer (block)."
    )
    activation: Activation = Field(default="silu", description="Activation of the hidden layers.")
    output_activation: Activation = Field(
        default="linear",
        description="Activation of the output; the paper has selu. A bounded one (tanh, relu) is refused.",
    )
    spread: bool = Field(
        default=True,
        description="A second output learns the size of the residual, event by event, for the uncertainty.",
    )
    augment: bool = Field(
        default=True,
        description="inputs `paper`: every row is shown reflected (in phi, in eta) and with its jets exchanged at "
        "random, as W does not change; `physics` are the same for all of these.",
    )
    error_floor: float | None = Field(
        default=0.03,
        gt=0.0,
        description="Rows count with 1/(1 + (error/floor)^2), error that of the integral in log10 W; null: all alike.",
    )
    robust: float | None = Field(
        default=0.5,
        gt=0.0,
        description="Residuals of log10 W beyond this count linearly in the loss (Huber): events unlike all others, as "
        "merged jets, must not lead. null: squared, as in the paper.",
    )
    slopes: float = Field(
        default=0.0,
        ge=0.0,
        le=100.0,
        description="H -> ZA: weight of the squared error of dI/d ln mH and dI/d ln mA in the loss (Sobolev training), "
        "for events that have them (section `slopes`).",
    )
    l2: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="Added to the loss: l2 times the sum of squared kernels (Keras).",
    )
    learning_rate: float = Field(default=2e-3, gt=0.0, le=1.0, description="Largest step of Adam.")
    schedule: Literal["cosine", "plateau"] = Field(
        default="cosine",
        description="cosine: rises in the first 2 % of all epochs, falls to 0 in the last; plateau: falls by a factor "
        "when the validation loss rests, as in the paper.",
    )
    batch_size: int = Field(
        default=64,
        ge=1,
        le=1_048_576,
        description="Rows (event, masses) in a step; small for few events, 512 or more for many thousands.",
    )
    masses_per_event: int | None = Field(
        default=None,
        ge=1,
        description="H -> ZA: mass points of an event that an epoch draws; null: all of them.",
    )
    epochs: int = Field(default=60, ge=1, le=100_000, description="At most this many passes over the data.")
    plateau_factor: float = Field(
        default=0.5,
        gt=0.0,
        lt=1.0,
        description="The step is multiplied by this at a plateau of the validation loss.",
    )
    plateau_patience: int = Field(
        default=10, ge=1, description="Epochs without improvement that make a plateau."
    )
    patience: int = Field(
        default=25, ge=1, description="Early stopping: epochs without improvement before the end."
    )
    members: int = Field(
        default=3,
        ge=1,
        le=50,
        description="Networks of the ensemble, a job each; their spread enters the uncertainty.",
    )
    fractions: tuple[float, float, float] = Field(
        default=(0.7, 0.1, 0.2), description="Shares of events for training, validation and test."
    )
    max_events: int | None = Field(
        default=None, ge=1, description="Train on about this many of the training events; null: on all."
    )
    leave_out: tuple[tuple[float, float], ...] = Field(
        default=(),
        description="H -> ZA: mass points (mH, mA) in GeV never trained on, to test the interpolation.",
    )
    equalise_classes: bool = Field(
        default=True,
        description="Give every process (Drell-Yan, ttbar, H -> ZA) the same total weight in the loss, as the paper.",
    )
    use_not_converged: bool = Field(
        default=True,
        description="Train on weights of status not_converged too (they carry an error like any other).",
    )
    bootstrap: int = Field(
        default=200, ge=10, le=100_000, description="Bootstrap replicas for errors of the metrics."
    )
    precision: Literal["float32", "float64"] = Field(
        default="float32",
        description="Arithmetic of the network; float32 moves I by far less than its resolution.",
    )
    low_precision: Literal["auto", "never", "always"] = Field(
        default="auto",
        description="Train with products of bfloat16 numbers. auto: on a GPU. Predictions never use them.",
    )
    seed: int = Field(default=1, ge=0, lt=2**31, description="Initial kernels and order of the batches.")

    @model_validator(mode="after")
    def _consistent(self) -> RegressConfig:
        if any(n < 1 for n in self.hidden):
            raise ValueError(f"hidden: every layer needs at least one neuron, got {self.hidden}")
        if self.layers != "plain" and len(set(self.hidden)) > 1:
            raise ValueError(f"hidden: {self.layers} layers must be equally wide, got {self.hidden}")
        if self.output_activation in ("relu", "tanh"):
            raise ValueError(
                f"output_activation: {self.output_activation} cannot reach every I; use linear or selu"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions: three positive numbers with sum 1, got {list(self.fractions)}")
        return self


class DatasetConfig(BaseModel):
    """Rows that networks learn from, on disk in random order; a training holds one bucket at a time in memory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: Annotated[int, Field(ge=1000)] = Field(
        default=50_000, description="Events in a bucket, about (an event of 25 hypotheses takes 280 bytes)."
    )


class SlopesConfig(BaseModel):
    """Derivatives of ln W of H -> ZA in the masses at all mass points, as further targets (Sobolev training)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_events: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Events of every sample, from its start, that get them; 0: none."
    )
    step: float = Field(
        default=0.01,
        gt=0.0,
        lt=0.2,
        description="Relative step of the central difference, from one table of an event.",
    )


class StudiesConfig(BaseModel):
    """Trainings with other settings, a job each; the settings are keys of `RegressConfig`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tune: dict[Literal["drell_yan", "ttbar", "hza"], dict[str, list[Any]]] = Field(
        default_factory=dict,
        description="Hyperparameter scan: for a kind the values of each key, `ttbar: {hidden: [[64, 64], [128, 128]], "
        "learning_rate: [0.001, 0.002]}`; every combination is trained, and judged on validation events.",
    )
    sizes: tuple[Annotated[int, Field(ge=100)], ...] = Field(
        default=(),
        description="Numbers of training events: how the residual falls with them, for every kind.",
    )
    leave_one_out: tuple[str, ...] = Field(
        default=(),
        description="Variants (of `variants`) with which every mass point of H -> ZA is left out in turn, to see how "
        "well the network interpolates there.",
    )
    variants: dict[str, dict[str, Any]] = Field(
        default_factory=lambda: {"plain": {}, "slopes": {"slopes": 0.01}},
        description="Named settings of the H -> ZA network for `leave_one_out`.",
    )
    common: dict[str, Any] = Field(
        default_factory=lambda: {"members": 1, "bootstrap": 50},
        description="Settings of all studies that differ from those of the regressors, as fewer epochs.",
    )

    @model_validator(mode="after")
    def _known(self) -> StudiesConfig:
        fields = RegressConfig.model_fields
        given = [self.common, *self.variants.values(), *self.tune.values()]
        for key in (k for part in given for k in part):
            if key not in fields:
                raise ValueError(f"{key!r} is no setting of a regressor{nearest(key, fields)}")
        for name in self.leave_one_out:
            if name not in self.variants:
                raise ValueError(f"leave_one_out: no variant {name!r}{nearest(name, self.variants)}")
        return self


_PAPER = {
    "drell_yan": ([200] * 6, 0.0),
    "ttbar": ([500] * 8, 0.1),
    "hza": ([300] * 8, 0.1),
}


def paper_preset(kind: str) -> RegressConfig:
    """Inputs, topology, loss and training of JHEP 04 (2021) 020, Table 2, for ``drell_yan``, ``ttbar`` or ``hza``."""
    hidden, l2 = _PAPER[kind]
    return RegressConfig(
        inputs="paper",
        layers="plain",
        hidden=hidden,
        activation="relu",
        output_activation="selu",
        spread=False,
        augment=False,
        error_floor=None,
        robust=None,
        l2=l2,
        learning_rate=1e-3,
        schedule="plateau",
        batch_size=512,
        epochs=100,
        members=1,
    )
