# Configuration, paths and helpers of all rules; no rules here.
import os

from snakemake.exceptions import WorkflowError

from momentax.config import FileSample, hza_label, load_config
from momentax.config.variations import described, varied_physics
from momentax.errors import MomentaxError
from momentax.fingerprint import fingerprint
from momentax.regress.studies import studies, trial_settings


report: "../report/workflow.rst"


# Without --configfile the small embedded run. (A configfile statement alone would be merged with the given file.)
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


try:
    CONFIG = load_config(config)
except MomentaxError as error:
    raise WorkflowError(str(error)) from None

SAMPLES = tuple(CONFIG.samples)
BUILTIN = tuple(name for name, sample in CONFIG.samples.items() if sample.kind == "builtin")
FILES = tuple(name for name, sample in CONFIG.samples.items() if sample.kind == "file")
SHOWERED = tuple(name for name, sample in CONFIG.samples.items() if sample.kind == "showered")
# What is showered: samples, and simulations for fits of transfer functions; no name stands for two of them.
SHOWERED_SPECS = {
    name: spec
    for group in (CONFIG.samples, CONFIG.transfer.samples)
    for name, spec in group.items()
    if spec.kind == "showered"
}
HYPOTHESES = CONFIG.hypothesis_labels()
KINDS = CONFIG.hypothesis_kinds()
# Systematic variations; those with weights of their own make a sample of each that they vary, `<sample>__<variation>`.
VARIATIONS = CONFIG.variations.shifts
VARIED = CONFIG.varied_samples()
# Hypotheses of which the generator computes the cross section, and mass points that are nodes of its surface.
CROSSED = CONFIG.cross_section_labels()
NODES = [hza_label(*point) for point in CONFIG.scan.nodes(CONFIG.hypotheses.hza)]
# Samples whose process is known: the classifiers learn from these.
LABELLED = tuple(name for name, sample in CONFIG.samples.items() if sample.hypothesis)
# Simulated events to which transfer functions are fitted.
SIMULATIONS = tuple(CONFIG.transfer.samples)
# Cuts on measured momenta bias the response near their thresholds: not for fits of transfer functions.
NO_MOMENTUM_CUTS = {
    "electron_pt_min": None,
    "muon_pt_min": None,
    "jet_pt_min": None,
    "mll_min": None,
    "signal_region": False,
}
# Detectors whose likelihoods are compared: fitted to a simulation, with and without smeared directions, and that of
# `physics`; and what figures call them.
DETECTORS = (*(["smeared"] if CONFIG.validation.planes.draws else []), "fitted", "configured")
DETECTOR_NAMES = {
    "smeared": "fitted, smeared directions",
    "fitted": "fitted",
    "configured": f"configured ({CONFIG.physics.detector.kind})",
}
# Those whose ROC curves are compared, and the samples of the curves, the signal first.
ROC_DETECTORS = ("fitted", "configured")
ROC_SAMPLES = (
    (CONFIG.validation.roc.signal, *CONFIG.validation.roc.backgrounds) if CONFIG.validation.roc.signal else ()
)
# Trainings with other settings: study -> trial -> kind and settings that differ.
STUDIES = studies(CONFIG.regress.studies, KINDS, CONFIG.hypotheses.hza)
# Groups of ROC curves, and the format of figures that the report shows beside the others.
GROUPS = ("discriminant", *CONFIG.classify.kinds)
SHOWN = "png" if "png" in CONFIG.figures.formats else CONFIG.figures.formats[0]
OTHERS = [form for form in CONFIG.figures.formats if form != SHOWN]


wildcard_constraints:
    sample="|".join([*VARIED, *SAMPLES]),
    variation="|".join(VARIATIONS) or "(?!)",
    hypothesis="|".join(h.replace(".", r"\.") for h in dict.fromkeys((*HYPOTHESES, *CROSSED, *NODES))),
    kind="|".join(KINDS),
    part=r"\d+",
    shard=r"\d+",
    group="|".join(GROUPS),
    member=r"\d+",
    study="|".join(STUDIES) or "(?!)",
    trial=r"\w+",
    simulation="|".join(SIMULATIONS) or "(?!)",
    detector="|".join(DETECTORS),
    rows=r"fig0[2-5]_\w+",
    invalid=r"fig1[12]_\w+",


def result(path):
    """Path of an output below the configured folder."""
    return f"{CONFIG.output}/{path}"


def log(name):
    """Path of a log."""
    return f"{CONFIG.output}/logs/{name}.log"


def benchmark_of(name):
    """Path of a benchmark: wall time, CPU time, memory."""
    return f"{CONFIG.output}/benchmarks/{name}.tsv"


def events(sample):
    """Path of the selected events of a sample."""
    return result(f"events/{sample}.root")


def weights(sample):
    """Path of the final weights of a sample."""
    return result(f"weights/{sample}.root")


def first_weights(sample):
    """Path of the weights of a sample after the first pass, before what was left open is integrated again."""
    return result(f"weights/first/{sample}.root")


def physics_of(sample):
    """The physics section that the events of a sample are weighed with: that of its variation, if it has one."""
    variation = VARIATIONS[VARIED[sample][1]] if sample in VARIED else None
    return varied_physics(CONFIG.physics, variation)


def reweightings(sample):
    """Variations that are weighed at the same points, by name: of nominal samples."""
    if sample in VARIED:
        return {}
    return {name: v.model_dump(mode="json") for name, v in CONFIG.variations.reweightings.items()}


def nominal_samples(variation):
    """Samples that a variation has weights of."""
    if variation in CONFIG.variations.reweightings:
        return list(SAMPLES)
    return [sample for sample, name in VARIED.values() if name == variation]


def samples_of(variation):
    """The events and weights of a variation: its own samples, or the nominal ones that hold its ratios."""
    return [s for s, (_, name) in VARIED.items() if name == variation] or nominal_samples(variation)


def detector_table(physics=CONFIG.physics):
    """Table of transfer functions that the weights use, if any: where a rule makes it, it is made first."""
    table = physics.detector.table
    return [os.path.normpath(os.path.expanduser(table))] if table else []


def cross_sections(hypotheses):
    """Files with sigma_vis of hypotheses: one each, or the surface for the mass points."""
    if CONFIG.scan.sigma_vis == "points":
        return expand(result("cross_sections/{hypothesis}.json"), hypothesis=hypotheses)
    others = [h for h in hypotheses if not h.startswith("hza_")]
    return expand(result("cross_sections/{hypothesis}.json"), hypothesis=others) + [
        result("cross_sections/surface.json")
    ]


def figure(name, form):
    """Path of a figure in one format, or the paths in several."""
    if isinstance(form, str):
        return result(f"figures/{name}.{form}")
    return [result(f"figures/{name}.{one}") for one in form]


def section(*path):
    """A section of the configuration as plain values: a parameter, so that a change of it reruns the rule."""
    value = CONFIG
    for name in path:
        value = getattr(value, name)
    return value.model_dump(mode="json")


def study_trial(study, trial):
    """Kind and settings of a training of a study."""
    kind, changes = STUDIES[study][trial]
    config = CONFIG.regress.studies
    settings = trial_settings(study, section("regress", kind), config.common, changes, config.sizes)
    return {"kind": kind, "changes": changes, "settings": settings}


def showered(sample):
    """Path of the showered events of a sample, before the selection."""
    return result(f"showered/{sample}.root")


def file_spec(name, group=CONFIG.samples):
    """A sample (or a simulation of another group) that is read from a file: as configured, or its showered events."""
    spec = group[name]
    if spec.kind == "showered":
        # the masses of a signal are facts of the sample, not branches of NanoAOD
        masses = dict(zip(("mH", "mA"), masses_of(spec) or (), strict=False))
        spec = FileSample(
            path=showered(name),
            max_events=spec.n_partons,
            branches=masses,
            hypothesis=spec.hypothesis,
        )
    return spec.model_dump(mode="json")


def simulation_spec(simulation):
    """The file of a simulation to which transfer functions are fitted, with the threshold of its jets if known."""
    spec = file_spec(simulation, CONFIG.transfer.samples)
    if CONFIG.transfer.samples[simulation].kind == "showered":
        spec["jet_pt_min"] = CONFIG.shower.jets.stored_pt_min
    return spec


def fitted_section(detector):
    """The section of the configuration that a compared detector has from the fit; none: that of `physics`."""
    endings = {"fitted": "", "smeared": "_smeared"}
    if detector not in endings:
        return []
    return result(f"transfer/{CONFIG.validation.planes.transfer}{endings[detector]}.yaml")


def shower_parts(sample):
    """Numbers of the jobs that shower a sample."""
    spec = SHOWERED_SPECS[sample]
    return range(-(-spec.n_partons // spec.partons_per_job))


def shower_range(wildcards):
    """Parton events [first, stop) of a job."""
    spec = SHOWERED_SPECS[wildcards.sample]
    first = int(wildcards.part) * spec.partons_per_job
    return [first, min(first + spec.partons_per_job, spec.n_partons)]


def entries(sample):
    """Most entries that the events file of a sample can have (the selection leaves fewer, but of built-in ones)."""
    if sample in VARIED:
        most = CONFIG.variations.max_events
        whole = entries(VARIED[sample][0])
        return whole if most is None else min(most, whole)
    return CONFIG.samples[sample].n_entries


def shards(sample):
    """Numbers of the shards of a sample; known before anything runs."""
    return range(-(-entries(sample) // CONFIG.shards.events_per_shard))


def shard_range(wildcards):
    """Entries [start, stop) of the events file that a shard weighs; none are left in a shard beyond the file's end."""
    size = CONFIG.shards.events_per_shard
    start = int(wildcards.shard) * size
    return [start, min(start + size, entries(wildcards.sample))]


def parts(sample):
    """Numbers of the jobs of the second pass over the weights of a sample."""
    return range(-(-entries(sample) // CONFIG.recompute.events_per_job))


def part_range(wildcards):
    """Entries [start, stop) of the weights file that a job of the second pass looks through."""
    size = CONFIG.recompute.events_per_job
    start = int(wildcards.part) * size
    return [start, min(start + size, entries(wildcards.sample))]


def kind_of(sample):
    """Process class of a sample: drell_yan, ttbar or hza."""
    return next(k for k in ("drell_yan", "ttbar", "hza") if CONFIG.samples[sample].hypothesis.startswith(k))


def true_masses(sample):
    """True (mH, mA) of a sample in GeV, or None."""
    return masses_of(CONFIG.samples[sample])


def masses_of(spec):
    """True (mH, mA) in GeV of the events of a specification, or None."""
    label = spec.hypothesis or ""
    return [float(mass) for mass in label.split("_")[1:]] if label.startswith("hza_") else None


def more(amount):
    """A resource that grows with each retry."""
    return lambda wildcards, attempt: amount * attempt
