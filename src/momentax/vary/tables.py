"""The table of variations (the paper's Table 3, with errors and for every variation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from momentax.tables import Row


def variation_rows(effects: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of bias and resolution of log10 W_DNN - log10 W by kind of hypothesis and sample, nominal and varied, with
    the mean change of I; of the events that a variation has.

    ``effects``: from :func:`momentax.vary.effects.save_effects`.
    """
    return [
        {
            "variation": one["variation"],
            "kind": row["kind"],
            "sample": row["sample"],
            "weights": row["weights"],
            "rows": row["rows"],
            "bias": row["bias"],
            "bias_error": row["bias_error"],
            "resolution": row["resolution"],
            "resolution_error": row["resolution_error"],
            "change_of_I_integral": row["shift_integral_mean"],
            "change_of_I_network": row["shift_network_mean"],
        }
        for one in effects
        for row in one["regression"]
    ]
