"""ROC curves of one group: the discriminants, or the classifier of one set of inputs."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["roc"],
    outputs=["shown"],
    params=["figures"],
    wildcards=["group"],
)

with logged(given):
    from momentax.classify.workflow import load_curves
    from momentax.plots.config import FiguresConfig
    from momentax.plots.learning import roc_curves
    from momentax.plots.style import save

    config = FiguresConfig.model_validate(given.figures)
    curves = load_curves(given.roc[0])[given.group]
    save(roc_curves(curves, given.group, config), Path(given.shown).with_suffix(""), config)
