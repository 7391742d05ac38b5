"""Events of a ROOT file, selected, in the event schema."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["file"],
    outputs=["events"],
    params=["spec", "selection"],
    wildcards=["sample"],
)

with logged(given) as log:
    from momentax.config import FileSample, SelectionConfig
    from momentax.events import select_file

    spec = FileSample.model_validate(given.spec)
    cuts = SelectionConfig.model_validate(given.selection).model_dump()
    flow = select_file(
        given.file[0],
        given.events,
        tree=spec.tree,
        branches=spec.branches or None,
        sample=given.sample,
        entry_stop=spec.max_events,
        metadata={"truth_hypothesis": spec.hypothesis},
        progress=lambda done, total: log.progress("entries", done, total),
        **cuts,
    )
    log.info("cut flow\n%s", flow.to_text())
