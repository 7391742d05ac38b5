"""Likelihood planes of the same events with several detectors."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["tables"],
    outputs=["shown"],
    params=["figures", "detectors"],
    wildcards=["sample"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save
    from momentax.plots.validation import likelihood_planes
    from momentax.scan.likelihood import load_likelihood

    config = FiguresConfig.model_validate(given.figures)
    scans = {name: load_likelihood(path) for name, path in zip(given.detectors, given.tables, strict=True)}
    figure = likelihood_planes(scans, given.sample, config)
    save(figure, Path(given.shown).with_suffix(""), config)
