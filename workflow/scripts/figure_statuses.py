"""Statuses of the weights by sample and hypothesis."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights"],
    outputs=["shown"],
    params=["figures"],
    wildcards=[],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.distributions import weight_status
    from momentax.plots.style import save
    from momentax.regress.targets import count_statuses, read_weighted_events

    config = FiguresConfig.model_validate(given.figures)
    data = read_weighted_events(given.events, given.weights)
    save(weight_status(count_statuses(data), config), Path(given.shown).with_suffix(""), config)
