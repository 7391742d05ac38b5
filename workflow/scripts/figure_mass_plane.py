"""Events of a signal over (m_bb, m_llbb) with the ellipses of CMS."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["plane"],
    outputs=["shown"],
    params=["figures"],
    wildcards=["sample"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.mass_centres import signal_plane
    from momentax.plots.style import save
    from momentax.regress.store import load_arrays
    from momentax.scan.mass_centres import MassPlane

    config = FiguresConfig.model_validate(given.figures)
    arrays, facts = load_arrays(given.plane[0])
    figure = signal_plane(MassPlane(**arrays), facts, given.sample, config)
    save(figure, Path(given.shown).with_suffix(""), config)
