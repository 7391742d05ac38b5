"""A trained regressor: predictions with uncertainty, and the file it travels in."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import awkward as ak
import jax
import jax.numpy as jnp
import numpy as np

from momentax.errors import InputError
from momentax.regress import model, network
from momentax.regress.inputs import RAW, mass_inputs, raw_inputs
from momentax.regress.model import Spec
from momentax.regress.store import load_arrays, save_arrays
from momentax.regress.uncertainty import ONE_SIGMA, TWO_SIGMA, Calibration, Domain

FORMAT = "momentax regressor 2"
PREDICTION = np.dtype(
    [
        ("value", np.float64),
        ("uncertainty", np.float64),
        ("uncertainty95", np.float64),
        ("spread", np.float64),
        ("out_of_domain", np.bool_),
    ]
)


@dataclass(frozen=True)
class Regressor:
    """An ensemble of networks for the event information I = -log10 W of one hypothesis.

    Attributes:
        spec: kind of hypothesis (``drell_yan``, ``ttbar``, ``hza``: parametric in mH and mA), inputs, topology.
        numbers: standardisation of inputs and target, table of the masses (`momentax.regress.model.constants`).
        members: the parameters of each network.
        calibration: of the uncertainty. domain: of the training.
        information: what else the file says: configuration, version, metrics, hypothesis labels, counts.
    """

    spec: Spec
    numbers: dict[str, Any]
    members: tuple[Any, ...]
    calibration: Calibration
    domain: Domain
    information: dict[str, Any]

    @property
    def kind(self) -> str:
        return self.spec.kind

    @property
    def mass_points(self) -> np.ndarray:
        """(mH, mA) of the training [m, 2] in GeV; empty unless ``hza``."""
        return self.domain.mass_points

    def single(self) -> Regressor:
        """The first network alone: as many times faster as there are members, without their spread."""
        return replace(self, members=self.members[:1])

    def predict(self, events: ak.Array, masses: Any = None) -> np.ndarray:
        """Event information of events.

        Args:
            events: awkward array in the event schema, [n].
            masses: (mH, mA) in GeV, shape [2] or [n, 2], for a regressor of kind ``hza``; None for the
                others.

        Returns:
            Structured array [n]: ``value``, the information I = -log10 W (W in the units of the integral: the
            weight is ``10**-value``); ``uncertainty`` and ``uncertainty95``, half the intervals around it that hold
            68.3 and 95.5 % of the integrals (calibrated on validation events); ``spread``, the standard deviation of
            the ensemble; ``out_of_domain``, an event or a mass point unlike those of the training, for which the
            uncertainty promises nothing. NaN for an event with a NaN or infinite input, which is out of the domain.

        Raises:
            InputError: masses missing, superfluous, or of the wrong shape; a field of the event schema is
                absent.

        Warns:
            UserWarning: masses outside the range of the training points: an extrapolation.
        """
        if self.kind == "hza" and masses is None:
            raise InputError("this regressor is parametric: give masses=(mH, mA) in GeV")
        if self.kind != "hza" and masses is not None:
            raise InputError(f"a regressor of {self.kind} has no mass parameters: leave masses out")
        raw = raw_inputs(events)
        given = mass_inputs(masses, len(raw))
        if self.kind == "hza" and len(raw):
            low, high = self.mass_points.min(axis=0), self.mass_points.max(axis=0)
            if np.any((given < low - 1e-6) | (given > high + 1e-6)):
                warnings.warn(
                    f"masses outside the training range mH {low[0]:g}-{high[0]:g}, mA {low[1]:g}-{high[1]:g}"
                    " GeV: the prediction is an extrapolation, its uncertainty too small",
                    stacklevel=2,
                )
        return self.predict_raw(raw, given)

    def predict_raw(self, raw: np.ndarray, masses: np.ndarray) -> np.ndarray:
        """As `predict`, for measured momenta [n, 18] (`momentax.regress.inputs.RAW`) and (mH, mA) [n, 2] (GeV)."""
        result = np.full(len(raw), np.nan, dtype=PREDICTION)
        result["out_of_domain"] = True
        good = np.isfinite(raw).all(axis=1)
        value, spread, log_size, distance = self.evaluate(raw[good], masses[good])
        size = self.calibration.size(value, log_size, spread)
        result["value"][good], result["spread"][good] = value, spread
        result["uncertainty"][good] = size * self.calibration.factor(ONE_SIGMA)
        result["uncertainty95"][good] = size * self.calibration.factor(TWO_SIGMA)
        outside = distance > self.domain.limit
        if self.kind == "hza" and len(value):
            outside |= self.domain.masses_outside(np.asarray(masses, np.float64)[good])
        result["out_of_domain"][good] = outside
        return result

    def evaluate(self, raw: np.ndarray, masses: np.ndarray) -> tuple[np.ndarray, ...]:
        """(I, spread of the ensemble, ln of the expected residual, distance from the training events) [n] each.

        Before any calibration. In slabs of one shape: memory stays bounded, and there is one compilation.
        """
        size = model.slab()
        parts = []
        whitening = jnp.asarray(self.domain.whitening, self.spec.architecture.precision)
        for begin in range(0, len(raw), size):
            some = [a[begin : begin + size] for a in (raw, masses)]
            n = len(some[0])
            x = model.compute_inputs(self.spec, self.numbers, *some)
            padded = jnp.pad(x, [(0, size - n), (0, 0)])
            at = np.concatenate([some[1], np.broadcast_to(some[1][-1], (size - n, 2))])
            found = _networks(self.spec, self.numbers, self.members, whitening, padded, jnp.asarray(at))
            parts.append([np.asarray(a, dtype=np.float64)[:n] for a in found])
        if not parts:
            return tuple(np.empty(0) for _ in range(4))
        return tuple(np.concatenate(a) for a in zip(*parts, strict=True))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into one .npz file (no pickled objects), atomically."""
        arrays = {
            f"member{k}/{name}": a
            for k, m in enumerate(self.members)
            for name, a in network.to_arrays(m).items()
        }
        arrays |= {f"numbers/{k}": a for k, a in model.to_arrays(self.numbers).items()}
        arrays |= {f"calibration/{k}": v for k, v in vars(self.calibration).items()}
        arrays |= {f"domain/{k}": np.asarray(v) for k, v in vars(self.domain).items()}
        metadata = {
            "format": FORMAT,
            "predicts": "information I = -log10 W",
            "spec": self.spec.as_dict(),
            "columns": list(RAW),
            "input_names": list(self.spec.input_names),
            "members": len(self.members),
            "information": self.information,
        }
        save_arrays(path, arrays, metadata)


@partial(jax.jit, static_argnames=("spec",))
def _networks(
    spec: Spec, numbers: Any, members: tuple[Any, ...], whitening: jax.Array, x: jax.Array, masses: jax.Array
) -> tuple[jax.Array, ...]:
    """(mean, spread, log size, distance from the training events) of standardised inputs [n, k]."""
    offset = model.base(spec, numbers, masses)
    each = [model.from_inputs(spec, numbers, m, x, offset) for m in members]
    values = jnp.stack([value for value, _ in each])
    mean = jnp.mean(values, axis=0)
    variance = jnp.sum((values - mean) ** 2, axis=0) / max(len(members) - 1, 1)
    log_size = jnp.mean(jnp.stack([log for _, log in each]), axis=0)
    distance = jnp.mean((x[:, : len(whitening)] @ whitening) ** 2, axis=1)
    return mean, jnp.sqrt(variance), log_size, distance


def load_regressor(path: str | os.PathLike[str]) -> Regressor:
    """Read a regressor that `Regressor.save` wrote.

    Raises:
        InputError: not such a file, or one of other inputs than this version computes.
    """
    arrays, meta = load_arrays(path)
    if meta.get("format") != FORMAT:
        raise InputError(f"{path}: format {meta.get('format')!r}, expected {FORMAT!r}: train it again")

    def group(name: str) -> dict[str, np.ndarray]:
        return {n.removeprefix(f"{name}/"): a for n, a in arrays.items() if n.startswith(f"{name}/")}

    try:
        spec = Spec.from_dict(meta["spec"])
        numbers = model.from_arrays(group("numbers"))
        members = tuple(
            network.from_arrays(spec.architecture, group(f"member{k}")) for k in range(meta["members"])
        )
        domain = group("domain")
        regressor = Regressor(
            spec,
            numbers,
            members,
            Calibration(**group("calibration")),
            Domain(domain["whitening"], float(domain["limit"]), domain["mass_points"]),
            meta["information"],
        )
        known = list(spec.input_names) == meta["input_names"] and list(RAW) == meta["columns"]
    except (KeyError, ValueError, TypeError) as e:
        raise InputError(f"{path}: damaged ({e})") from None
    if not known:
        raise InputError(
            f"{path}: its inputs are {meta['input_names']}, this version gives {list(spec.input_names)}: train it again"
        )
    return regressor
