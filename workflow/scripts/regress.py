"""Regressor of the information of one kind of hypothesis."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights"],
    outputs=["regressor"],
    params=["network"],
    wildcards=["kind"],
)

with logged(given) as log:
    from momentax.regress import RegressConfig, train_from_files

    folder = Path(given.regressor).parent
    train_from_files(
        given.events,
        given.weights,
        given.kind,
        RegressConfig.model_validate(given.network),
        folder,
        log.info,
    )
