"""Likelihood of a sample over the mass points."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights", "cross_sections"],
    outputs=["table"],
    params=["scan", "truth"],
)

with logged(given) as log:
    from momentax.config import ScanSection
    from momentax.cross_section_files import read_sigma_vis
    from momentax.scan.likelihood import likelihood_from_files

    likelihood_from_files(
        given.events,
        given.weights,
        read_sigma_vis(given.cross_sections),
        ScanSection.model_validate(given.scan),
        Path(given.table).parent,
        truth=tuple(given.truth) if given.truth else None,
        log=log.info,
    )
