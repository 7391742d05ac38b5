"""Distribution of the information under one hypothesis, by sample."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights"],
    outputs=["shown"],
    params=["figures", "use_not_converged"],
    wildcards=["hypothesis"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.distributions import information_distributions
    from momentax.plots.style import save
    from momentax.regress.targets import information, read_weighted_events

    config = FiguresConfig.model_validate(given.figures)
    data = read_weighted_events(given.events, given.weights)
    values = information(data.weights[given.hypothesis], given.use_not_converged)
    by_sample = {str(name): values[data.sample == name] for name in dict.fromkeys(data.sample)}
    figure = information_distributions(by_sample, given.hypothesis, config=config)
    save(figure, Path(given.shown).with_suffix(""), config)
