"""The whole configuration, and its reading with one clear line per mistake."""

from __future__ import annotations

import types
import typing
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from momentax.classify.config import ClassifyConfig
from momentax.config.base import Name, Section
from momentax.config.paper import PaperSection
from momentax.config.physics import PhysicsConfig, SelectionConfig
from momentax.config.shower import ShowerConfig
from momentax.config.stages import (
    BuiltinSample,
    FileSample,
    HypothesesConfig,
    RecomputeConfig,
    RegressSection,
    Sample,
    ScanSection,
    ShardsConfig,
    TransferSection,
    ValidationSection,
    check_mass_point,
    hza_label,
)
from momentax.config.variations import VariationsSection
from momentax.errors import ConfigError, InputError, nearest
from momentax.flow.config import FlowConfig
from momentax.plots.config import FiguresConfig
from momentax.scan.ellipses import expected_centre
from momentax.scan.nodes import LEAST_NODES


def _default_samples() -> dict[str, Any]:
    built_in = {h: BuiltinSample(hypothesis=h, n_events=400) for h in ("drell_yan", "ttbar", "hza_500_300")}
    pythia = {
        "pythia_zbb": FileSample(
            path="tests/data/events/zbb_600.root", max_events=100, hypothesis="drell_yan"
        ),
        "pythia_ttbar": FileSample(path="tests/data/events/tt_600.root", max_events=100, hypothesis="ttbar"),
        "pythia_hza_500_300": FileSample(
            path="tests/data/events/za_500_300_600.root", max_events=100, hypothesis="hza_500_300"
        ),
    }
    return built_in | pythia


class Config(Section):
    """Configuration of the chain; the defaults are the small embedded run of `make run`."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """Seed of the generator, of the split and of the networks (the weights have physics.integration.seed)."""
    output: str = "results"
    """Folder of all outputs, relative to the folder from which the workflow runs."""
    physics: PhysicsConfig = PhysicsConfig()
    """What the value of a weight depends on."""
    samples: dict[Name, Sample] = Field(default_factory=_default_samples)
    """Samples by name; the name is that of their files."""
    selection: SelectionConfig = SelectionConfig()
    """Event selection."""
    shower: ShowerConfig = ShowerConfig()
    """Showered samples."""
    hypotheses: HypothesesConfig = HypothesesConfig()
    """What each event is weighed with: one weight for every hypothesis."""
    shards: ShardsConfig = ShardsConfig()
    """Division of the weights into jobs."""
    variations: VariationsSection = VariationsSection()
    """Systematic variations."""
    recompute: RecomputeConfig = RecomputeConfig()
    """Second pass over the weights that have not converged."""
    transfer: TransferSection = TransferSection()
    """Fits of transfer functions."""
    regress: RegressSection = RegressSection()
    """Regressors."""
    classify: ClassifyConfig = ClassifyConfig()
    """Classifiers."""
    scan: ScanSection = ScanSection()
    """Likelihood scan."""
    validation: ValidationSection = ValidationSection()
    """Checks of simulated events and of the detector."""
    paper: PaperSection = PaperSection()
    """Figures and tables of the paper by their numbers."""
    flow: FlowConfig = FlowConfig()
    """A normalizing flow as importance sampler of the ttbar integral, beside the batched VEGAS (off by default)."""
    figures: FiguresConfig = FiguresConfig()
    """Figures of the report."""

    def hypothesis_labels(self) -> tuple[str, ...]:
        """Names of the hypotheses each event is weighed with, in the order of the weights file."""
        return self.hypotheses.labels()

    def cross_section_labels(self) -> tuple[str, ...]:
        """Hypotheses of which the generator computes the cross section: those of the weights, or of the surface."""
        labels = self.hypothesis_labels()
        if self.scan.sigma_vis == "points":
            return labels
        nodes = (hza_label(*p) for p in self.scan.nodes(self.hypotheses.hza))
        return (*(h for h in labels if not h.startswith("hza_")), *nodes)

    def hypothesis_kinds(self) -> tuple[str, ...]:
        """Kinds among the hypotheses, in the order drell_yan, ttbar, hza: one regressor each."""
        kinds = ("drell_yan", "ttbar", "hza")
        return tuple(k for k in kinds if any(h.startswith(k) for h in self.hypothesis_labels()))

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if not self.samples:
            raise ValueError("samples is empty; give at least one")
        if not self.hypothesis_labels():
            raise ValueError("hypotheses is empty; give at least one")
        first, second = self.physics.integration, self.recompute
        same = first.integrator == second.integrator
        if same and second.n_eval and second.n_eval[0] <= first.n_eval[-1]:
            raise ValueError(
                f"recompute.n_eval {list(second.n_eval)} must go beyond physics.integration.n_eval "
                f"{list(first.n_eval)}; give larger budgets, or [] for no second pass"
            )
        for name in self.scan.samples:
            if name not in self.samples:
                raise ValueError(f"scan.samples: {name!r} is no sample{nearest(name, self.samples)}")
        if self.scan.sigma_vis == "surface" and len(self.scan.nodes(self.hypotheses.hza)) < LEAST_NODES:
            raise ValueError(
                f"scan.sigma_vis: a surface needs at least {LEAST_NODES} mass points in hypotheses.hza or in "
                "scan.surface.nodes; take points"
            )
        for point in self.scan.surface.nodes:
            check_mass_point(*point)
        self._check_validation()
        self._check_variations()
        self._check_paper()
        self._check_flow()
        for pair in self.classify.discriminants:
            for label in pair:
                if label not in self.hypothesis_labels():
                    hint = nearest(label, self.hypothesis_labels())
                    raise ValueError(f"classify.discriminants: {label!r} is not among the hypotheses{hint}")
        return self

    def _check_variations(self) -> None:
        chosen = self.variations
        for name in chosen.samples or ():
            if name not in self.samples:
                raise ValueError(f"variations.samples: {name!r} is no sample{nearest(name, self.samples)}")
        for name in self.samples if chosen.shifts else ():
            if "__" in name:
                raise ValueError(f"samples: {name!r}: two underscores part sample and variation; use one")
        for label in (chosen.discriminant or ()) if chosen.shifts else ():
            if label not in self.hypothesis_labels():
                hint = nearest(label, self.hypothesis_labels())
                raise ValueError(f"variations.discriminant: {label!r} is not among the hypotheses{hint}")

    def _check_paper(self) -> None:
        # mass points that are not weighed stop only the figures that need them: the defaults are those of the paper
        for name in self.paper.samples or ():
            if name not in self.samples:
                raise ValueError(f"paper.samples: {name!r} is no sample{nearest(name, self.samples)}")
            if self.samples[name].hypothesis is None:
                raise ValueError(f"paper.samples: {name!r} has no hypothesis; say what it truly is")
        check_mass_point(*self.paper.interpolation.point)

    def _check_flow(self) -> None:
        name, wanted = self.flow.sample, self.flow.events + self.flow.test_events
        if name is None:
            return
        if name not in self.samples:
            raise ValueError(f"flow.sample: {name!r} is no sample{nearest(name, self.samples)}")
        if self.samples[name].n_entries < wanted:
            raise ValueError(
                f"flow.sample: {name!r} has at most {self.samples[name].n_entries} events, flow.events and "
                f"flow.test_events want {wanted}; lower them or enlarge the sample"
            )

    def varied_samples(self) -> dict[str, tuple[str, str]]:
        """Samples that are weighed anew under a variation: name of the varied one -> (sample, variation)."""
        samples = self.variations.samples or tuple(self.samples)
        return {f"{s}__{v}": (s, v) for v in self.variations.separate for s in samples}

    def _check_validation(self) -> None:
        simulations = self.transfer.samples
        for name in simulations:
            if simulations[name].kind == "showered" and name in self.samples:
                raise ValueError(
                    f"transfer.samples: {name!r} is also among samples; give the simulation a name of its own"
                )
        checks, planes = self.validation, self.validation.planes
        pairs = (*checks.kinematics, *checks.kinematics.values())
        curves = [checks.roc.signal, *checks.roc.backgrounds] if checks.roc.signal else []
        for name in (*pairs, *checks.ellipses, *planes.samples, *curves):
            if name not in self.samples:
                raise ValueError(f"validation: {name!r} is no sample{nearest(name, self.samples)}")
        for name in checks.ellipses:
            kind, *masses = (self.samples[name].hypothesis or "").split("_")
            if kind != "hza":
                raise ValueError(
                    f"validation.ellipses: {name!r} is no sample of H -> ZA; give it a hypothesis hza_<mH>_<mA>"
                )
            try:
                expected_centre(float(masses[0]), float(masses[1]))
            except InputError as error:
                raise ValueError(f"validation.ellipses: {name!r}: {error}") from None
        for name in curves:
            if self.samples[name].hypothesis is None:
                raise ValueError(f"validation.roc: sample {name!r} has no hypothesis; say what it truly is")
        if curves and not checks.roc.backgrounds:
            raise ValueError("validation.roc.backgrounds: empty; name the samples to tell the signal from")
        if (planes.samples or curves) and planes.transfer is None:
            raise ValueError(f"validation.planes.transfer: missing; name one of {', '.join(simulations)}")
        if planes.transfer is not None and planes.transfer not in simulations:
            hint = nearest(planes.transfer, simulations)
            raise ValueError(
                f"validation.planes.transfer: {planes.transfer!r} is not in transfer.samples{hint}"
            )


class _Loader(yaml.SafeLoader):
    """YAML reader that refuses a key given twice (YAML keeps the last one without a word)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
            if key in seen:
                raise ConfigError(
                    f"line {key_node.start_mark.line + 1}: key {key!r} is given twice; rename or drop one"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_config(source: str | Path | Mapping[str, Any] | None = None) -> Config:
    """Read and check a configuration.

    source: path of a YAML file, an already read mapping (Snakemake's `config`), or None for the defaults.
    Raises ConfigError naming the file, with one line per mistake: key, value, what is wrong, nearest name.
    """
    where = "config"
    if isinstance(source, (str, Path)):
        where, source = str(source), read_yaml(Path(source))
    try:
        return Config.model_validate(dict(source or {}))
    except ValidationError as error:
        lines = [_explain(e) for e in error.errors()]
        raise ConfigError(
            f"{where}: {len(lines)} problem(s)\n" + "\n".join(f"  {line}" for line in lines)
        ) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; ConfigError if it is missing, no YAML, or no mapping."""
    try:
        data = yaml.load(path.read_text(), Loader=_Loader)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give the path of a YAML file"
        ) from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: no valid YAML: {error}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: holds a {type(data).__name__}; expected keys and values")
    return data


def _explain(error: Any) -> str:
    """One line for one pydantic error: key path, value, what is wrong and how to mend it."""
    path, names = _locate(error["loc"])
    kind, value = error["type"], error["input"]
    if kind == "union_tag_invalid":
        return f"{path}.kind = {error['ctx']['tag']!r}: write kind: {_or(names)}"
    if kind == "extra_forbidden":
        return f"{path}: unknown key{nearest(str(error['loc'][-1]), names)}"
    if kind == "missing":
        return f"{path}: missing; give it a value"
    message = error["msg"].removeprefix("Value error, ")
    if kind == "value_error" and isinstance(value, (dict, BaseModel)):
        return f"{path}: {message}" if path else message
    if kind == "union_tag_not_found":
        return f"{path}.kind: missing; write kind: {_or(names)}"
    if kind == "literal_error" and isinstance(value, str):
        message += nearest(
            value, str(error["ctx"]["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        )
    return f"{path} = {value!r}: {message}"


def _or(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _locate(loc: tuple[Any, ...]) -> tuple[str, list[str]]:
    """Dotted key path of a pydantic location, and the valid names there: of the keys of the section its last part
    stands in, or of the kinds of a section that may be of several."""
    parts: list[str] = []
    names: list[str] = []
    here: Any = Config
    for part in loc:
        if part == "[key]" or here is None:
            continue
        options = _models(here)
        tags = {m.model_fields["kind"].default: m for m in options if "kind" in m.model_fields}
        if len(options) > 1 and part in tags:
            here = tags[part]
            continue
        if options:
            fields = options[0].model_fields
            names = list(fields)
            here = fields[part].annotation if part in fields else None
        else:
            here = _element(here)
        parts.append(str(part))
    options = _models(here) if here is not None else []
    if len(options) > 1:
        names = [str(m.model_fields["kind"].default) for m in options if "kind" in m.model_fields]
    return ".".join(parts), names


def _models(kind: Any) -> list[type[BaseModel]]:
    """Models an annotation stands for: itself, or the members of a union."""
    if typing.get_origin(kind) is Annotated:
        kind = typing.get_args(kind)[0]
    members = typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return [m for m in members if isinstance(m, type) and issubclass(m, BaseModel)]


def _element(kind: Any) -> Any:
    """Type of the elements of a mapping or a tuple; None where there is none."""
    args = typing.get_args(kind)
    return args[-1] if typing.get_origin(kind) is dict else (args[0] if args else None)
