"""Information of H -> ZA events under mass hypotheses, by their generated masses."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["data"],
    outputs=["shown"],
    params=["figures", "generated"],
)

with logged(given):
    from momentax.plots.by_mass import information_by_masses
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save
    from momentax.regress.store import load_arrays

    config = FiguresConfig.model_validate(given.figures)
    columns, about = load_arrays(given.data[0])
    figure = information_by_masses(columns, about["hypotheses"], given.generated, config)
    save(figure, Path(given.shown).with_suffix(""), config)
