"""What a configuration costs before it is submitted: jobs, units and hours of every stage (the paper's Table 5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files

from momentax.config import Config
from momentax.errors import ConfigError
from momentax.regress.config import RegressConfig

PAPER_CPU_YEARS = 3056.0
PAPER_SCALE = 10_000_000
"""Number of weights from which on the comparison with the paper makes sense."""


@dataclass(frozen=True)
class Costs:
    """Seconds of the units of every stage, without compilation; by kind of hypothesis where it matters.

    CPU seconds, or wall seconds on a GPU (``device``).
    """

    device: str
    origin: str
    """Where and on what they were measured."""
    simulate: Mapping[str, float]
    """An event that passes the selection."""
    shower: float
    """A parton event, from the generator to the showered file."""
    cross_section: Mapping[str, float]
    """A hypothesis."""
    weight: Mapping[str, float]
    """A weight, integrated by itself."""
    second_pass: Mapping[str, float]
    """A weight, on average over those that need no second pass."""
    event_of_mass_points: float
    """The tables of an event, and each of its mass points."""
    mass_point: float
    reweighting: Mapping[str, float]
    """A variation at the same points, as a share of the weight (of an event's tables)."""
    multiply_add: Mapping[str, float]
    """A multiply-add of a network, on a row (event and mass point) in an epoch; all that training does is in it."""
    start: float
    """A job."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


@dataclass(frozen=True)
class Stage:
    """One line of the table."""

    name: str
    jobs: int
    unit: str
    number: int
    hours: float
    """All of it, without the start of its jobs."""


@dataclass(frozen=True)
class Estimate:
    """Cost of a configuration by stage."""

    stages: list[Stage]
    jobs: dict[str, int]
    """Jobs of the workflow by rule, of all rules but figures and tables."""
    costs: Costs
    longest_shard_minutes: float

    @property
    def hours(self) -> float:
        """Of all stages, with the start of the jobs."""
        return sum(s.hours for s in self.stages) + self.start_hours

    @property
    def start_hours(self) -> float:
        return sum(self.jobs.values()) * self.costs.start / 3600

    @property
    def weights(self) -> int:
        return sum(s.number for s in self.stages if s.unit == "weights")

    def to_text(self) -> str:
        """A table, one stage a line."""
        device = self.costs.device
        rows = [("stage", "jobs", "number", "unit", "s each", f"{device} hours")]
        rows += [
            (
                s.name,
                f"{s.jobs:,}",
                f"{s.number:,}",
                s.unit,
                f"{3600 * s.hours / s.number:.2g}" if s.number else "-",
                f"{s.hours:.3g}",
            )
            for s in self.stages
        ]
        rows.append(
            (
                "start of the jobs",
                "",
                f"{sum(self.jobs.values()):,}",
                "jobs",
                f"{self.costs.start:.2g}",
                f"{self.start_hours:.3g}",
            )
        )
        rows.append(("all", f"{sum(self.jobs.values()):,}", "", "", "", f"{self.hours:.3g}"))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        left = (0, 3)

        def line(row: tuple[str, ...]) -> str:
            cells = zip(row, widths, strict=True)
            return "  ".join(
                c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(cells)
            ).rstrip()

        lines = [line(row) for row in rows]
        lines.insert(1, "-" * max(map(len, lines)))
        lines.insert(-1, lines[1])
        lines.append(f"a full shard takes about {self.longest_shard_minutes:.1f} minutes (aim at 5-30)")
        lines.append(f"seconds: {self.costs.origin}")
        if self.weights > PAPER_SCALE:
            lines.append(
                f"the paper quotes {PAPER_CPU_YEARS:,.0f} CPU years of integration for its final figure"
            )
        return "\n".join(lines)


def recorded_costs() -> Costs:
    """Costs that were measured once and come with the package."""
    return Costs(**json.loads((files("momentax") / "data" / "costs.json").read_text()))


def estimate(config: Config, costs: Costs | None = None) -> Estimate:
    """Jobs, units and hours of the stages of a configuration; figures, merges and the scan are small beside them.

    ``costs``: from :func:`momentax.calibrate.calibrate`, by default those that come with the package, which are for
    their own accuracy and ladder. Training counts all epochs: early stopping makes it shorter.
    Raises ConfigError for what the recorded costs do not know.
    """
    costs = costs or recorded_costs()
    if costs.origin.startswith("recorded") and config.physics.integration.integrator != "batched":
        raise ConfigError(
            f"physics.integration.integrator = {config.physics.integration.integrator!r}: its time is not recorded; "
            "estimate without --recorded"
        )
    entries = {n: s.n_entries for n, s in config.samples.items()}
    total, size = sum(entries.values()), config.shards.events_per_shard
    labels, kinds = config.hypothesis_labels(), config.hypothesis_kinds()
    crossed = config.cross_section_labels()
    per_kind = {k: sum(h.startswith(k) for h in labels) for k in kinds}
    builtin = {n: s for n, s in config.samples.items() if s.kind == "builtin"}
    simulated = sum(
        s.n_events * costs.simulate[_kind_of(s.hypothesis)] for s in builtin.values() if s.kind == "builtin"
    )
    # events that are weighed anew under a variation are samples of their own
    varied = _varied_entries(config)
    n_varied, weighed = sum(varied), [*entries.values(), *varied]
    directions = config.physics.detector.directions
    # measured costs are those of the configuration itself
    smeared = directions.kind == "smeared" and costs.origin.startswith("recorded")
    draws = directions.draws if smeared else 1
    per_event, again, more = {}, {}, {}
    for k, n in per_kind.items():
        together = k == "hza" and k not in costs.weight
        per_event[k] = costs.event_of_mass_points + n * costs.mass_point if together else n * costs.weight[k]
        again[k] = 0.0 if together else n * costs.second_pass[k]
        per_event[k] *= draws
        more[k] = per_event[k] * len(config.variations.reweightings) * costs.reweighting[k]
    weigh_jobs = sum(-(-n // size) for n in weighed)
    second_jobs = sum(-(-n // config.recompute.events_per_job) for n in weighed)
    files_ = len(entries) - len(builtin)
    simulations = (*config.samples.values(), *config.transfer.samples.values())
    showered = [s for s in simulations if s.kind == "showered"]
    n_partons = sum(s.n_partons for s in showered)
    shower_jobs = sum(-(-s.n_partons // s.partons_per_job) for s in showered)
    stages = [
        Stage("simulate", len(builtin), "events", sum(entries[n] for n in builtin), simulated / 3600),
        Stage("shower", shower_jobs, "partons", n_partons, n_partons * costs.shower / 3600),
        Stage("read", files_, "events", total - sum(entries[n] for n in builtin), 0.0),
        Stage(
            "cross_section",
            len(crossed),
            "hypotheses",
            len(crossed),
            sum(costs.cross_section[_kind_of(h)] for h in crossed) / 3600,
        ),
    ]
    stages += [
        # one job weighs all hypotheses of its events
        Stage(
            f"weigh {k}",
            weigh_jobs if i == 0 else 0,
            "weights",
            n * (total + n_varied),
            ((total + n_varied) * per_event[k] + total * more[k]) / 3600,
        )
        for i, (k, n) in enumerate(per_kind.items())
    ]
    if config.recompute.n_eval and directions.kind == "exact":
        hours = (total + n_varied) * sum(again.values()) / 3600
        stages.append(Stage("recompute", second_jobs, "events", total + n_varied, hours))
    stages += [
        Stage(
            f"train {k}",
            getattr(config.regress, k).members,
            "rows x epochs",
            rows := round(0.7 * total * _shown(config, k, n))
            * (s := getattr(config.regress, k)).epochs
            * s.members,
            rows * multiply_adds(s, k) * costs.multiply_add[k] / 3600,
        )
        for k, n in per_kind.items()
    ]
    kinds_of = [s.kind for s in config.samples.values()]
    jobs = {
        "simulate": kinds_of.count("builtin"),
        "shower": shower_jobs,
        "merge_showered": len(showered),
        "read": files_,
        "cross_section": len(crossed),
        "sample_cross_section": len(entries),
        "surface": int(config.scan.sigma_vis == "surface"),
        "weigh": weigh_jobs,
        "vary": len(varied),
        "merge": len(weighed),
        "recompute": second_jobs,
        "merge_recomputed": len(weighed),
        "dataset": 1,
        "train": sum(getattr(config.regress, k).members for k in per_kind),
        "regress": len(per_kind),
        "classify": 1,
        "scan": len(config.scan.samples),
        "effects": len(config.variations.shifts),
    }
    shard = min(size, max(entries.values())) * (sum(per_event.values()) + sum(more.values())) / 60
    some_jobs = {rule: n for rule, n in jobs.items() if n}
    return Estimate([s for s in stages if s.number], some_jobs, costs, shard)


def multiply_adds(settings: RegressConfig, kind: str) -> int:
    """Multiply-adds of one evaluation of the network with these settings: its weights without biases."""
    # only here: JAX takes a second to import
    from momentax.regress import features
    from momentax.regress.network import Architecture

    n_in = len(features.names(settings.inputs, kind))
    architecture = Architecture(n_in, tuple(settings.hidden), 2, layers=settings.layers)
    return sum(n * m for n, m in architecture.sizes)


def _shown(config: Config, kind: str, hypotheses: int) -> int:
    """Hypotheses of an event that an epoch of training shows."""
    most = getattr(config.regress, kind).masses_per_event
    return hypotheses if kind != "hza" or most is None else min(most, hypotheses)


def _varied_entries(config: Config) -> list[int]:
    """Most events of each varied sample."""
    most = config.variations.max_events
    whole = [config.samples[name].n_entries for name, _ in config.varied_samples().values()]
    return [n if most is None else min(n, most) for n in whole]


def _kind_of(label: str) -> str:
    return next(k for k in ("drell_yan", "ttbar", "hza") if label.startswith(k))
