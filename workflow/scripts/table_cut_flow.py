"""Events of each sample after every cut."""

from adapter import job, logged

given = job(
    globals().get("snakemake"), __doc__, inputs=["events"], outputs=["table", "page"], params=["names"]
)

with logged(given):
    from momentax.tables import cut_flow_rows, write_csv, write_html

    rows = cut_flow_rows(dict(zip(given.names, given.events, strict=True)))
    write_csv(given.table, rows)
    write_html(given.page, rows, "Events of each sample after every cut", ["sample"])
