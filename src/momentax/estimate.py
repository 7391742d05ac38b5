"""What a configuration costs before it is submitted: jobs, integrals, CPU time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from momentax.config import Config
from momentax.errors import ConfigError


@dataclass(frozen=True)
class Estimate:
    """Cost of the weights of a configuration (training and figures are small beside it).

    jobs: jobs of the workflow by rule; weights: number of weights by kind of hypothesis; cpu_hours: by kind,
    on the core of ``origin``; longest_shard_minutes: CPU time of a full shard.
    """

    jobs: dict[str, int]
    weights: dict[str, int]
    cpu_hours: dict[str, float]
    longest_shard_minutes: float
    origin: str

    def to_text(self) -> str:
        """Plain text, one fact a line."""
        rules = ", ".join(f"{n} {rule}" for rule, n in self.jobs.items())
        lines = [f"{'jobs':<10}{sum(self.jobs.values()):>14,}  {rules}"]
        rows = {k: (self.weights[k], self.cpu_hours[k]) for k in self.weights}
        rows["all"] = (sum(self.weights.values()), sum(self.cpu_hours.values()))
        lines += [f"{k:<10}{n:>14,} weights {hours:>12.2f} CPU hours" for k, (n, hours) in rows.items()]
        lines.append(f"a full shard takes about {self.longest_shard_minutes:.1f} CPU minutes (aim at 5-30)")
        return "\n".join([*lines, f"seconds per weight: {self.origin}"])


def seconds_per_weight() -> dict[str, Any]:
    """Measured CPU seconds of a weight by integrator and kind of hypothesis, with their origin."""
    return json.loads((files("momentax") / "data" / "seconds_per_weight.json").read_text())


def estimate(config: Config) -> Estimate:
    """Jobs, weights and CPU hours of a configuration.

    The times are those of the first pass with the default ladder of budgets and accuracy: a stricter accuracy costs
    more, and the second pass (``recompute``) comes on top, in proportion to what the first one leaves open.
    Raises ConfigError for an integrator whose times have not been measured.
    """
    table = seconds_per_weight()
    integrator = config.physics.integration.integrator
    if integrator not in table["seconds"]:
        raise ConfigError(
            f"physics.integration.integrator = {integrator!r}: its time has not been measured; "
            f"estimate with one of {', '.join(table['seconds'])}"
        )
    seconds = table["seconds"][integrator]
    entries = {n: s.n_events if s.kind == "builtin" else s.max_events for n, s in config.samples.items()}
    size = config.shards.events_per_shard
    labels = config.hypothesis_labels()
    per_kind = {k: sum(h.startswith(k) for h in labels) for k in config.hypothesis_kinds()}
    total = sum(entries.values())
    per_event = {k: n * seconds[k] for k, n in per_kind.items()}
    if config.physics.mass_points_together and per_kind.get("hza"):
        per_event["hza"] = table["mass_points"]["event"] + per_kind["hza"] * table["mass_points"]["point"]
    shard_seconds = min(size, max(entries.values())) * sum(per_event.values())
    kinds = [s.kind for s in config.samples.values()]
    jobs = {
        "simulate": kinds.count("builtin"),
        "read": kinds.count("file"),
        "cross_section": len(labels),
        "weigh": sum(-(-n // size) for n in entries.values()),
        "merge": len(entries),
        "recompute": sum(-(-n // config.recompute.events_per_job) for n in entries.values()),
        "merge_recomputed": len(entries),
        "regress": len(per_kind),
        "classify": 1,
        "scan": len(config.scan.samples),
    }
    return Estimate(
        jobs={rule: n for rule, n in jobs.items() if n},
        weights={k: n * total for k, n in per_kind.items()},
        cpu_hours={k: total * per_event[k] / 3600 for k in per_kind},
        longest_shard_minutes=shard_seconds / 60,
        origin=table["origin"],
    )
