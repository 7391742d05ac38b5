"""Model card of a regressor, as Markdown."""

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["regressor"], outputs=["card"])

with logged(given) as log:
    from momentax.regress import load_regressor
    from momentax.regress.card import model_card
    from momentax.regress.store import save_text

    save_text(given.card, model_card(load_regressor(given.regressor[0])))
