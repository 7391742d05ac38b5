"""Whether an integral and a network speak of the same weight: the physics of the weights a regressor was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from momentax.config import PhysicsConfig
from momentax.regress.regressor import Regressor

# How an integral is computed, not what it is. `directions` belongs to the latter only with draws; it stays.
_NOT_PHYSICS = ("integration",)
# Sections that one kind of hypothesis alone uses.
_OF_KIND = {"drell_yan": "drell_yan", "thdm": "hza"}
_RECOILS = "detector.recoil.per_hypothesis."


def training_physics(regressor: Regressor) -> list[dict[str, Any]]:
    """The distinct sections ``physics`` of the weights files of a training; empty if they said nothing."""
    found: list[dict[str, Any]] = []
    for about in dict(regressor.information.get("weights") or {}).values():
        section = about.get("config") if isinstance(about, Mapping) else None
        if section and section not in found:
            found.append(dict(section))
    return found


def differences(regressor: Regressor, physics: PhysicsConfig) -> list[str]:
    """What in ``physics`` differs from the weights of the training, as ``pdf.member: 1 (trained with 0)``.

    Settings of the numerical integration are left out, and sections that the kind of hypothesis does not use.
    """
    now = _relevant(physics.model_dump(mode="json"), regressor.kind)
    found = []
    for section in training_physics(regressor):
        # settings that the weights of an older version did not know have their defaults
        then = _relevant(_completed(section), regressor.kind)
        for key in sorted(set(now) | set(then)):
            if now.get(key) != then.get(key):
                found.append(f"{key}: {now.get(key)} (trained with {then.get(key)})")
    return list(dict.fromkeys(found))


def _completed(section: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return PhysicsConfig.model_validate(section).model_dump(mode="json")
    except ValueError:  # of another version: compared as it is
        return dict(section)


def _relevant(section: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The settings ``a.b.c`` that change the weight of one kind of hypothesis."""
    flat = _flat(
        {k: v for k, v in section.items() if k not in _NOT_PHYSICS and _OF_KIND.get(k, kind) == kind}
    )
    return {
        k: v
        for k, v in flat.items()
        if not k.startswith(_RECOILS) or k.removeprefix(_RECOILS).split(".")[0] == kind
    }


def _flat(section: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(section, Mapping):
        return {prefix: section}
    found: dict[str, Any] = {}
    for key, value in section.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found
