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
    import awkward as ak

    from momentax.config import FileSample, SelectionConfig
    from momentax.events import read_events, write_events

    spec = FileSample.model_validate(given.spec)
    cuts = SelectionConfig.model_validate(given.selection).model_dump()
    events = read_events(
        given.file, tree=spec.tree, branches=spec.branches or None, entry_stop=spec.max_events, **cuts
    )
    log.info("%s\n%s", given.file, events.attrs["cut_flow_text"])
    attrs = events.attrs
    events = ak.with_field(events, [given.sample] * len(events), "sample")
    events.attrs.update(attrs)
    write_events(given.events, events, {"truth_hypothesis": spec.hypothesis})
    log.info("%d events selected", len(events))
