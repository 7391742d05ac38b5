"""Figure and table of the samplers of the ttbar integral."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["comparison"],
    outputs=["shown", "page", "table"],
    params=["figures"],
)

with logged(given):
    from momentax.flow.workflow import table
    from momentax.plots.config import FiguresConfig
    from momentax.plots.flow import samplers
    from momentax.plots.style import save
    from momentax.regress.store import load_arrays
    from momentax.tables import write_csv, write_html

    events, metadata = load_arrays(given.comparison[0])
    config = FiguresConfig.model_validate(given.figures)
    save(samplers(events, metadata["facts"], config), Path(given.shown).with_suffix(""), config)
    rows = table(metadata["facts"])
    write_csv(given.table, rows)
    write_html(given.page, rows, "Samplers of the ttbar integral", ["sampler"])
