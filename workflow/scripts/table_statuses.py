"""Statuses of the weights by sample and hypothesis, before and after the second pass."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["first", "final"],
    outputs=["table", "page"],
    params=["names"],
)

with logged(given):
    from momentax.tables import status_rows, write_csv, write_html

    first, final = (dict(zip(given.names, paths, strict=True)) for paths in (given.first, given.final))
    rows = status_rows(first, final)
    write_csv(given.table, rows)
    title = "Statuses of the weights before and after the second pass"
    write_html(given.page, rows, title, ["sample", "hypothesis"])
