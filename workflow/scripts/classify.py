"""Discriminants and classifiers of weighted events, and their ROC curves."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights", "cross_sections"],
    outputs=["roc"],
    params=["classes", "network"],
)

with logged(given) as log:
    from momentax.classify.config import ClassifyConfig
    from momentax.classify.workflow import run_from_files
    from momentax.cross_section_files import read_sigma_vis

    run_from_files(
        given.events,
        given.weights,
        ClassifyConfig.model_validate(given.network),
        Path(given.roc).parent,
        given.classes,
        {label: value for label, (value, _) in read_sigma_vis(given.cross_sections).items()},
        log.info,
    )
