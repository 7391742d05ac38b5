"""A trained regressor: predictions with uncertainty, and the file it travels in."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.regress import network
from momentax.regress.fit import evaluate
from momentax.regress.inputs import EVENT_INPUTS, MASS_INPUTS, Scaler, event_inputs, with_masses
from momentax.regress.network import Architecture
from momentax.regress.store import load_arrays, save_arrays

FORMAT = "momentax regressor 1"
PREDICTION = np.dtype([("value", np.float64), ("uncertainty", np.float64)])


@dataclass(frozen=True)
class Regressor:
    """An ensemble of networks for the event information I = -log10 W of one hypothesis.

    Attributes:
        kind: ``drell_yan``, ``ttbar`` or ``hza`` (parametric in mH and mA).
        mass_points: (mH, mA) it was trained on [m, 2] in GeV; empty unless ``hza``.
        architecture, members: the networks, and the parameters of each.
        scaler: of the inputs.
        target: (shift, scale): the networks give (I - shift) / scale.
        width_at, width: what the ensemble's spread lacks of the residual (width) by predicted I (width_at).
        information: what else the file says: configuration, version, metrics, hypothesis labels, counts.
    """

    kind: str
    mass_points: np.ndarray
    architecture: Architecture
    members: tuple[Any, ...]
    scaler: Scaler
    target: tuple[float, float]
    width_at: np.ndarray
    width: np.ndarray
    information: dict[str, Any]

    @property
    def input_names(self) -> tuple[str, ...]:
        return EVENT_INPUTS + (MASS_INPUTS if self.kind == "hza" else ())

    def predict(self, events: ak.Array, masses: Any = None) -> np.ndarray:
        """Event information of events.

        Args:
            events: awkward array in the event schema, [n].
            masses: (mH, mA) in GeV, shape [2] or [n, 2], for a regressor of kind ``hza``; None for the
                others.

        Returns:
            Structured array [n]: ``value``, the information I = -log10 W (W in the units of the integral: the
            weight is ``10**-value``), and ``uncertainty``, one standard deviation of I: the spread of the
            ensemble and, in quadrature, what it lacks of the residuals of validation events with similar I.
            Both are NaN for an event with a NaN or infinite input.

        Raises:
            InputError: masses missing, superfluous, or of the wrong shape; a field of the event schema is
                absent.

        Warns:
            UserWarning: masses outside the range of the training points: an extrapolation.
        """
        inputs = event_inputs(events)
        if self.kind == "hza":
            if masses is None:
                raise InputError("this regressor is parametric: give masses=(mH, mA) in GeV")
            inputs = with_masses(inputs, masses)
            low, high = self.mass_points.min(axis=0), self.mass_points.max(axis=0)
            given = inputs[:, -2:]
            if np.any((given < low - 1e-6) | (given > high + 1e-6)):
                warnings.warn(
                    f"masses outside the training range mH {low[0]:g}-{high[0]:g}, mA {low[1]:g}-{high[1]:g}"
                    " GeV: the prediction is an extrapolation, its uncertainty too small",
                    stacklevel=2,
                )
        elif masses is not None:
            raise InputError(f"a regressor of {self.kind} has no mass parameters: leave masses out")
        return self.predict_inputs(inputs)

    def predict_inputs(self, inputs: np.ndarray) -> np.ndarray:
        """As `predict`, for inputs [n, k] in the order of ``input_names``."""
        result = np.full(len(inputs), np.nan, dtype=PREDICTION)
        good = np.isfinite(inputs).all(axis=1)
        shift, scale = self.target
        x = self.scaler(inputs[good])
        outputs = np.stack([evaluate(self.architecture, m, x)[:, 0] for m in self.members])
        value = shift + scale * outputs.mean(axis=0)
        spread = scale * outputs.std(axis=0, ddof=1) if len(self.members) > 1 else np.zeros(len(value))
        result["value"][good] = value
        result["uncertainty"][good] = np.hypot(np.interp(value, self.width_at, self.width), spread)
        return result

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into one .npz file (no pickled objects), atomically."""
        arrays = {
            f"member{k}/{name}": a
            for k, m in enumerate(self.members)
            for name, a in network.to_arrays(m).items()
        }
        arrays |= {
            "input_mean": self.scaler.mean,
            "input_sd": self.scaler.sd,
            "width_at": self.width_at,
            "width": self.width,
            "mass_points": self.mass_points,
            "target": np.array(self.target),
        }
        metadata = {
            "format": FORMAT,
            "kind": self.kind,
            "predicts": "information I = -log10 W",
            "input_names": list(self.input_names),
            "architecture": self.architecture.as_dict(),
            "members": len(self.members),
            "information": self.information,
        }
        save_arrays(path, arrays, metadata)


def load_regressor(path: str | os.PathLike[str]) -> Regressor:
    """Read a regressor that `Regressor.save` wrote.

    Raises:
        InputError: not such a file, or one of other inputs than this version computes.
    """
    arrays, meta = load_arrays(path)
    if meta.get("format") != FORMAT:
        raise InputError(f"{path}: format {meta.get('format')!r}, expected {FORMAT!r}")
    architecture = Architecture.from_dict(meta["architecture"])
    try:
        members = tuple(
            network.from_arrays(
                architecture,
                {n.removeprefix(f"member{k}/"): a for n, a in arrays.items() if n.startswith(f"member{k}/")},
            )
            for k in range(meta["members"])
        )
        regressor = Regressor(
            kind=meta["kind"],
            mass_points=arrays["mass_points"],
            architecture=architecture,
            members=members,
            scaler=Scaler(arrays["input_mean"], arrays["input_sd"]),
            target=(float(arrays["target"][0]), float(arrays["target"][1])),
            width_at=arrays["width_at"],
            width=arrays["width"],
            information=meta["information"],
        )
    except (KeyError, ValueError) as e:
        raise InputError(f"{path}: damaged ({e})") from None
    if list(regressor.input_names) != meta["input_names"]:
        raise InputError(
            f"{path}: its inputs are {meta['input_names']}, this version gives {regressor.input_names}"
        )
    return regressor
