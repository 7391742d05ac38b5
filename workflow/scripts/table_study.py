"""Table of a study: one line per training."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["trials"],
    outputs=["table", "page"],
    wildcards=["study"],
)

with logged(given):
    from momentax.regress.studies import study_rows
    from momentax.tables import write_csv, write_html

    rows = study_rows(given.trials)
    write_csv(given.table, rows)
    write_html(given.page, rows, f"Study {given.study}", ["kind"])
