"""The ``regress`` section of the configuration: networks and training. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Activation = Literal["relu", "silu", "gelu", "tanh", "selu", "linear"]


class RegressConfig(BaseModel):
    """Training of the regressors of the event information I = -log10 W.

    One section serves one hypothesis; `paper_preset` gives the topologies of the paper (Table 2).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: list[int] = Field(
        default=[64, 64, 64], min_length=1, max_length=64, description="Neurons of each hidden layer."
    )
    activation: Activation = Field(default="silu", description="Activation of the hidden layers.")
    output_activation: Activation = Field(
        default="linear",
        description="Activation of the output; the paper has selu. A bounded one (tanh, relu) is refused.",
    )
    l2: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="Added to the loss: l2 times the sum of squared kernels (Keras).",
    )
    learning_rate: float = Field(default=1e-3, gt=0.0, le=1.0, description="Initial step of Adam.")
    batch_size: int = Field(
        default=32,
        ge=1,
        le=1_048_576,
        description="Rows (event, masses) in a step; small for few events, 512 or more for many thousands.",
    )
    epochs: int = Field(default=100, ge=1, le=100_000, description="At most this many passes over the data.")
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
        default=3, ge=1, le=50, description="Networks of the ensemble; their spread enters the uncertainty."
    )
    fractions: tuple[float, float, float] = Field(
        default=(0.7, 0.1, 0.2), description="Shares of events for training, validation and test."
    )
    equalise_samples: bool = Field(
        default=True, description="Give every sample the same total weight in the loss, as the paper does."
    )
    use_not_converged: bool = Field(
        default=True,
        description="Train on weights of status not_converged too (they carry an error like any other).",
    )
    uncertainty_bins: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Quantile bins in predicted I of the residual width (validation).",
    )
    bootstrap: int = Field(
        default=200, ge=10, le=100_000, description="Bootstrap replicas for errors of the metrics."
    )
    precision: Literal["float32", "float64"] = Field(
        default="float32",
        description="Arithmetic of the network; float32 moves I by far less than its resolution.",
    )
    seed: int = Field(default=1, ge=0, lt=2**31, description="Initial kernels and order of the batches.")

    @model_validator(mode="after")
    def _consistent(self) -> RegressConfig:
        if any(n < 1 for n in self.hidden):
            raise ValueError(f"hidden: every layer needs at least one neuron, got {self.hidden}")
        if self.output_activation in ("relu", "tanh"):
            raise ValueError(
                f"output_activation: {self.output_activation} cannot reach every I; use linear or selu"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions: three positive numbers with sum 1, got {list(self.fractions)}")
        return self


_PAPER = {
    "drell_yan": ([200] * 6, 0.0),
    "ttbar": ([500] * 8, 0.1),
    "hza": ([300] * 8, 0.1),
}


def paper_preset(kind: str) -> RegressConfig:
    """Topology and training of JHEP 04 (2021) 020, Table 2, for ``drell_yan``, ``ttbar`` or ``hza``."""
    hidden, l2 = _PAPER[kind]
    return RegressConfig(
        hidden=hidden, l2=l2, batch_size=512, activation="relu", output_activation="selu", members=1
    )
