"""Rows that networks learn from."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights", "slopes"],
    outputs=["rows"],
    params=["settings", "fractions", "classes"],
)

with logged(given) as log:
    from momentax.regress.dataset import write_dataset

    about = write_dataset(
        given.events,
        given.weights,
        given.rows,
        tuple(given.fractions),
        given.settings["bucket"],
        given.classes,
        given.slopes or None,
    )
    log.info("events: %s", ", ".join(f"{side} {n}" for side, n in about["events"].items()))
