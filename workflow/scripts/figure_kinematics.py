"""Kinematics of two samples of the same process beside each other."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["histograms"],
    outputs=["shown"],
    params=["figures", "reference"],
    wildcards=["sample"],
)

with logged(given):
    from momentax.events.observables import comparisons_of
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save
    from momentax.plots.validation import kinematics
    from momentax.regress.store import load_arrays

    config = FiguresConfig.model_validate(given.figures)
    arrays, facts = load_arrays(given.histograms[0])
    names = (given.sample, given.reference)
    figure = kinematics(comparisons_of(arrays), names, facts["events"], "selected events", config)
    save(figure, Path(given.shown).with_suffix(""), config)
