"""The ``flow`` section of the configuration: a normalizing flow as importance sampler of ttbar weights.

Imports nothing heavy.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class FlowConfig(BaseModel):
    """A conditional normalizing flow as importance sampler of the ttbar integral, beside the batched VEGAS.

    A comparison, off unless a sample is named: the weights do not use it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    sample: str | None = None
    """Sample of ttbar events to learn from and to compare on; null: no comparison."""
    events: Count = 40_000
    """Events to learn from, from the start of the sample; of 2,000 the flow learns much by heart."""
    test_events: Count = 300
    """Unseen events to compare on, those after them."""
    points: Count = 1024
    """Evaluations of the integrand for each training event and assignment of the jets (rounded to multiples of 512)."""
    kept: Count = 32
    """Points of each that train the flow, drawn from these in proportion to the integrand."""
    layers: Annotated[int, Field(ge=1, le=16)] = 4
    """Coupling layers; four cost more CPU time a point than the integrand."""
    width: Annotated[int, Field(ge=2, le=1024)] = 32
    """Neurons of the two hidden layers of each coupling."""
    bins: Annotated[int, Field(ge=2, le=64)] = 8
    """Bins of the splines of the couplings."""
    grid_bins: Annotated[int, Field(ge=2, le=64)] = 12
    """Bins of the splines of single coordinates that depend on the event alone."""
    context: Annotated[int, Field(ge=2, le=1024)] = 128
    """Neurons of the two layers that read the event: once an event, so that they cost nothing a point."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    """First step of Adam; it falls to zero as a cosine."""
    batch_items: Count = 128
    """Integrals (event and assignment) in a step of the training."""
    batch_points: Count = 16
    """Points of each of them in a step."""
    epochs: Count = 12
    """Passes over the kept points."""
    validation: Fraction = 0.02
    """Share of the training events that only watch the loss."""
    n_eval: Annotated[int, Field(ge=512, multiple_of=512)] = 8192
    """Evaluations for each test event and assignment, with every sampler."""
    accuracies: tuple[Fraction, ...] = (0.02, 0.01, 0.005)
    """Relative accuracies of a weight for which the times are compared."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """Initial kernels, points and order of the batches."""
