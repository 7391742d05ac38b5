"""Information by integrals and by other sources, a panel for each process class."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["data"],
    outputs=["shown"],
    params=["figures", "sources", "below"],
)

with logged(given):
    from momentax.plots.classes import information_from_file
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save

    config = FiguresConfig.model_validate(given.figures)
    figure = information_from_file(given.data[0], given.sources, given.below, config)
    save(figure, Path(given.shown).with_suffix(""), config)
