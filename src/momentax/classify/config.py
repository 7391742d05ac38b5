"""The ``classify`` section of the configuration. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from momentax.regress.config import Activation


class ClassifyConfig(BaseModel):
    """Discriminants from the weights: Eq. 5 of the paper and a network with one output per process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: list[Literal["simple", "global", "parametric"]] = Field(
        default=["simple", "parametric"],
        min_length=1,
        description="Inputs of the networks. simple: I of Drell-Yan and ttbar; global: and of every H->ZA "
        "point; parametric: and of one H->ZA point with its (mH, mA).",
    )
    discriminants: list[tuple[str, str]] = Field(
        default=[("ttbar", "drell_yan")],
        description="Pairs (alpha, beta) of hypotheses for D = P_alpha / (P_alpha + P_beta), Eq. 5.",
    )
    hidden: list[int] = Field(
        default=[32, 32], min_length=1, max_length=64, description="Neurons of each hidden layer."
    )
    activation: Activation = Field(default="relu", description="Activation of the hidden layers.")
    l2: float = Field(
        default=0.0, ge=0.0, le=10.0, description="Added to the loss: l2 times the sum of squared kernels."
    )
    learning_rate: float = Field(default=1e-3, gt=0.0, le=1.0, description="Initial step of Adam.")
    batch_size: int = Field(
        default=32,
        ge=1,
        le=1_048_576,
        description="Rows in a step; small for few events, 512 and more for a hundred thousand.",
    )
    epochs: int = Field(default=100, ge=1, le=100_000, description="At most this many passes over the data.")
    plateau_factor: float = Field(default=0.5, gt=0.0, lt=1.0, description="Factor on the step at a plateau.")
    plateau_patience: int = Field(
        default=10, ge=1, description="Epochs without improvement that make a plateau."
    )
    patience: int = Field(
        default=25, ge=1, description="Early stopping: epochs without improvement before the end."
    )
    fractions: tuple[float, float, float] = Field(
        default=(0.7, 0.1, 0.2), description="Shares of events for training, validation and test."
    )
    use_not_converged: bool = Field(default=True, description="Use weights of status not_converged too.")
    bootstrap: int = Field(
        default=200, ge=10, le=100_000, description="Bootstrap replicas for ROC bands and AUC errors."
    )
    roc_points: int = Field(default=201, ge=11, le=100_001, description="Points of the stored ROC curves.")
    seed: int = Field(
        default=1, ge=0, lt=2**31, description="Initial kernels, order of the batches, bootstrap."
    )

    @model_validator(mode="after")
    def _consistent(self) -> ClassifyConfig:
        if any(n < 1 for n in self.hidden):
            raise ValueError(f"hidden: every layer needs at least one neuron, got {self.hidden}")
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions: three positive numbers with sum 1, got {list(self.fractions)}")
        if any(a == b for a, b in self.discriminants):
            raise ValueError("discriminants: the two hypotheses of a pair must differ")
        return self
