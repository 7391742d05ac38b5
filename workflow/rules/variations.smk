# Systematic variations: shifted events, which `weigh` and the rules after it (weigh.smk) take as samples, and what a
# variation does to weights, networks and a discriminant. Nothing is done unless `variations` names some.
rule vary:
    input:
        nominal=lambda wildcards: events(VARIED[wildcards.sample][0]),
        table=detector_table(),
    output:
        events=events("{sample}"),
    log:
        log("vary/{sample}"),
    benchmark:
        benchmark_of("vary/{sample}")
    wildcard_constraints:
        sample="|".join(VARIED) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        variation=lambda wildcards: VARIATIONS[VARIED[wildcards.sample][1]].model_dump(mode="json"),
        max_events=CONFIG.variations.max_events,
        physics=section("physics"),
        selection=section("selection"),
        seed=CONFIG.seed,
        code=fingerprint("vary.events", "events"),
    message:
        "Varying the events of {input.nominal}: {wildcards.sample}"
    script:
        "../scripts/vary.py"


rule effects:
    input:
        nominal_events=lambda wildcards: [events(s) for s in nominal_samples(wildcards.variation)],
        nominal_weights=lambda wildcards: [weights(s) for s in nominal_samples(wildcards.variation)],
        events=lambda wildcards: [events(s) for s in samples_of(wildcards.variation)],
        weights=lambda wildcards: [weights(s) for s in samples_of(wildcards.variation)],
        regressors=expand(result("regress/{kind}/regressor.npz"), kind=KINDS),
    output:
        facts=result("variations/{variation}/effects.json"),
        roc=result("variations/{variation}/roc.npz"),
        informations=result("variations/{variation}/informations.npz"),
    log:
        log("effects/{variation}"),
    benchmark:
        benchmark_of("effects/{variation}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        about=lambda wildcards: described(VARIATIONS[wildcards.variation]),
        same_points=lambda wildcards: wildcards.variation in CONFIG.variations.reweightings,
        classes=lambda wildcards: {s: kind_of(s) for s in LABELLED},
        discriminant=CONFIG.variations.discriminant,
        kinds=list(KINDS),
        fractions=[list(getattr(CONFIG.regress, kind).fractions) for kind in KINDS],
        bootstrap=getattr(CONFIG.regress, KINDS[0]).bootstrap,
        points=CONFIG.classify.roc_points,
        seed=CONFIG.seed,
        code=fingerprint("vary.effects", "vary.workflow"),
    message:
        "Effects of {wildcards.variation} on weights, networks and the discriminant"
    script:
        "../scripts/effects.py"


rule figure_variation:
    input:
        informations=result("variations/{variation}/informations.npz"),
        roc=result("variations/{variation}/roc.npz"),
        facts=result("variations/{variation}/effects.json"),
    output:
        shifts=report(
            figure("variation_information_{variation}", SHOWN),
            caption="../report/variation.rst",
            category="6 Variations",
            labels={"figure": "change of the information", "variation": "{variation}"},
        ),
        roc_shown=report(
            figure("variation_roc_{variation}", SHOWN),
            caption="../report/variation.rst",
            category="6 Variations",
            labels={
                "figure": "ROC curve of the discriminant",
                "variation": "{variation}",
            },
        ),
        others=figure("variation_information_{variation}", OTHERS)
        + figure("variation_roc_{variation}", OTHERS),
    log:
        log("figures/variation_{variation}"),
    benchmark:
        benchmark_of("figures/variation_{variation}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        title="{variation}",
        about=lambda wildcards: described(VARIATIONS[wildcards.variation]),
        same_points=lambda wildcards: wildcards.variation in CONFIG.variations.reweightings,
        samples=lambda wildcards: sample_text(nominal_samples(wildcards.variation)),
        cuts=selection_text(),
        code=fingerprint("plots.variations"),
    message:
        "Drawing the effects of {wildcards.variation}"
    script:
        "../scripts/figure_variation.py"


rule table_variations:
    input:
        facts=expand(result("variations/{variation}/effects.json"), variation=VARIATIONS),
    output:
        page=report(
            result("tables/variations.html"),
            caption="../report/table_variations.rst",
            category="6 Variations",
            labels={"figure": "table: networks under every variation"},
        ),
        table=result("tables/variations.csv"),
    log:
        log("tables/variations"),
    benchmark:
        benchmark_of("tables/variations")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("vary.tables"),
    message:
        "Collecting the effects of the variations"
    script:
        "../scripts/table_variations.py"
