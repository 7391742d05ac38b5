"""Bias and width of the residuals of the networks by hypothesis."""

import csv
from pathlib import Path

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["table"], outputs=["shown"], params=["figures"])

with logged(given):
    from momentax.plots.by_mass import residuals_by_hypothesis
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save

    config = FiguresConfig.model_validate(given.figures)
    figure = residuals_by_hypothesis(list(csv.DictReader(Path(given.table[0]).open())), config)
    save(figure, Path(given.shown).with_suffix(""), config)
