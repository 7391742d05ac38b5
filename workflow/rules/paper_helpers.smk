# Rows, classes and shards of the figures and tables of the paper (paper*.smk); no rules here.
# Figures and tables of the paper by their numbers (paper*.smk): samples whose process is known, and their classes.
PAPER_CLASSES = {name: kind_of(name) for name in CONFIG.paper.samples or LABELLED}
# Rows of test events of one kind of network under some hypotheses: (kind, mass points and the key that names them).
PAPER_ROWS = {
    "fig02_information_drell_yan": ("drell_yan", (), ""),
    "fig03_information_ttbar": ("ttbar", (), ""),
    "fig04_information_hza_by_sample": ("hza", CONFIG.paper.by_sample, "paper.by_sample"),
    "fig05_information_hza": ("hza", (CONFIG.paper.hza,), "paper.hza"),
}
FIRST_TRIES = {"fig11_invalid_drell_yan": "drell_yan", "fig12_invalid_ttbar": "ttbar"}
# Variations of Table 3.
SHIFTED_JETS = tuple(name for name, v in VARIATIONS.items() if v.kind == "jet_energy_scale")


def of_regressor(kind, name):
    """Path of a file of the regressor of a kind of hypothesis; an error where no event is weighed with one."""
    if kind not in KINDS:
        raise WorkflowError(
            f"no {kind} regressor: hypotheses.{kind} of the configuration names none; weigh the events with one"
        )
    return result(f"regress/{kind}/{name}")


def paper_rows_labels(rows):
    """Hypotheses of the rows of a figure; an error for mass points that are not weighed."""
    kind, points, key = PAPER_ROWS[rows]
    labels = [hza_label(*point) for point in points] or [kind]
    for label in labels:
        if label not in HYPOTHESES:
            raise WorkflowError(
                f"{key or rows}: {label} is not among the hypotheses of the configuration; weigh the events with it"
                + (f" or give another mass point in {key}" if key else "")
            )
    return labels


def paper_classes():
    """Sample -> process class of the figures of the paper; an error where there is none."""
    if not PAPER_CLASSES:
        raise WorkflowError(
            "no sample has a hypothesis, so none can be drawn by its process; give samples their `hypothesis`"
        )
    return PAPER_CLASSES


def split_of(kind):
    """Shares of the split of a kind of network."""
    return list(getattr(CONFIG.regress, kind).fractions)


def unseen_count(sample, what):
    """Most test events of a sample that are weighed for a figure: ``interpolation`` or ``first_try``."""
    chosen = CONFIG.paper.interpolation
    if what == "interpolation":
        most = chosen.hza_events if kind_of(sample) == "hza" else chosen.other_events
    else:
        most = CONFIG.paper.first_try.max_events
    return min(most, entries(sample))


def unseen_shards(folder, what):
    """Files of weights of test events below ``folder``, by sample."""
    size = CONFIG.shards.events_per_shard
    return {
        sample: [
            result(f"paper/{folder}/{sample}/{shard}.npz")
            for shard in range(-(-unseen_count(sample, what) // size))
        ]
        for sample in paper_classes()
    }


def unseen_window(wildcards, what):
    """Range [start, stop) of the test events of a sample that a job weighs."""
    size = CONFIG.shards.events_per_shard
    start = int(wildcards.shard) * size
    return [start, min(start + size, unseen_count(wildcards.sample, what))]


def flat(by_sample):
    """Files of all samples in one list."""
    return [path for paths in by_sample.values() for path in paths]
