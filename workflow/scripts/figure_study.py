"""Figure of a study: residual widths of its trainings."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["table"],
    outputs=["shown"],
    params=["figures"],
    wildcards=["study"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.studies import study_figure
    from momentax.plots.style import save

    config = FiguresConfig.model_validate(given.figures)
    save(study_figure(given.study, given.table[0], config), Path(given.shown).with_suffix(""), config)
