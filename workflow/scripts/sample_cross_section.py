"""Cross section, acceptance, efficiency and sigma_vis of a sample."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "source"],
    outputs=["record"],
    params=["spec", "selection"],
    wildcards=["sample"],
)

with logged(given) as log:
    from momentax.config import FileSample, SelectionConfig
    from momentax.cross_section_files import sample_record
    from momentax.regress.store import save_json

    how = {}
    if given.source:
        spec = FileSample.model_validate(given.spec)
        how = {"tree": spec.tree, "branches": spec.branches or None, "entry_stop": spec.max_events}
        how |= {"selection": SelectionConfig.model_validate(given.selection).model_dump()}
    record = sample_record(given.events[0], given.source[0] if given.source else None, **how)
    save_json(given.record, {"sample": given.sample, **record})
    log.info("%s", record)
