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
    from momentax.events.reader import EventSource

    spec = FileSample.model_validate(given.spec)
    cuts = SelectionConfig.model_validate(given.selection).model_dump()
    branches = spec.branches or None
    with EventSource(given.file[0], spec.tree, branches) as source:
        stop = min(spec.max_events, source.n_entries)
        log.info("%s: reading %d of %d entries", given.file[0], stop, source.n_entries)
    events = read_events(given.file[0], tree=spec.tree, branches=branches, entry_stop=stop, **cuts)
    log.info("cut flow\n%s", events.attrs["cut_flow_text"])
    facts = {name: events.attrs[name] for name in ("cut_flow", "selection", "source", "format")}
    events = ak.with_field(events, [given.sample] * len(events), "sample")
    write_events(given.events, events, {**facts, "truth_hypothesis": spec.hypothesis})
    log.info("%d events selected", len(events))
