"""sigma_vis of H -> ZA over the mass plane and the residuals of its nodes."""

from pathlib import Path

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["surface"], outputs=["shown"], params=["figures"])

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save
    from momentax.plots.surface import surface_map
    from momentax.scan.surface_files import load_surface

    config = FiguresConfig.model_validate(given.figures)
    save(
        surface_map(load_surface(given.surface[0]), config=config), Path(given.shown).with_suffix(""), config
    )
