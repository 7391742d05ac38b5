"""Likelihood map of one sample over the mass points."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["table"],
    outputs=["shown"],
    params=["figures"],
    wildcards=["sample"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.likelihood import likelihood_map
    from momentax.plots.style import pretty, save
    from momentax.scan.likelihood import load_likelihood

    config = FiguresConfig.model_validate(given.figures)
    scan, facts = load_likelihood(given.table[0])
    truth = tuple(facts["truth"]) if facts["truth"] else None
    figure = likelihood_map(scan, truth, pretty(given.sample), config)
    save(figure, Path(given.shown).with_suffix(""), config)
