# Regressors of the information I = -log10 W, one per kind of hypothesis: the rows they learn from, the networks of each
# ensemble (a job each), their assembly; and trainings with other settings (regress.studies).
rule slopes:
    input:
        events=events("{sample}"),
        table=detector_table(),
    output:
        slopes=result("regress/slopes/{sample}.npz"),
    log:
        log("slopes/{sample}"),
    benchmark:
        benchmark_of("slopes/{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        hypotheses=list(HYPOTHESES),
        physics=section("physics"),
        settings=section("regress", "slopes"),
        code=fingerprint("regress.slopes"),
    message:
        "Derivatives in the masses of events of {wildcards.sample}"
    script:
        "../scripts/slopes.py"


rule dataset:
    input:
        events=expand(events("{sample}"), sample=SAMPLES),
        weights=expand(weights("{sample}"), sample=SAMPLES),
        slopes=(
            expand(result("regress/slopes/{sample}.npz"), sample=SAMPLES)
            if CONFIG.regress.slopes.max_events
            else []
        ),
    output:
        rows=directory(result("regress/dataset")),
    log:
        log("regress/dataset"),
    benchmark:
        benchmark_of("regress/dataset")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        settings=section("regress", "dataset"),
        fractions=list(CONFIG.regress.ttbar.fractions),
        classes={s: kind_of(s) for s in LABELLED},
        code=fingerprint("regress.dataset"),
    message:
        "Writing the rows that networks learn from"
    script:
        "../scripts/dataset.py"


# A GPU where the profile gives it one (profiles/slurm); else the cores it has. Checkpoints are no output: a job that
# was killed finds them and goes on.
rule train:
    input:
        rows=rules.dataset.output.rows,
    output:
        network=result("regress/{kind}/networks/{member}.npz"),
    log:
        log("regress/{kind}/{member}"),
    benchmark:
        benchmark_of("regress/{kind}/{member}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(600),
    params:
        settings=lambda wildcards: section("regress", wildcards.kind),
        physics=section("physics"),
        checkpoints=lambda wildcards: result(f"regress/{wildcards.kind}/checkpoints/{wildcards.member}"),
        code=fingerprint("regress.training"),
    message:
        "Training network {wildcards.member} of {wildcards.kind}"
    script:
        "../scripts/train.py"


rule regress:
    input:
        rows=rules.dataset.output.rows,
        networks=lambda wildcards: expand(
            result("regress/{kind}/networks/{member}.npz"),
            kind=wildcards.kind,
            member=range(getattr(CONFIG.regress, wildcards.kind).members),
        ),
    output:
        regressor=result("regress/{kind}/regressor.npz"),
        metrics=result("regress/{kind}/metrics.json"),
        predictions=result("regress/{kind}/predictions.npz"),
        history=result("regress/{kind}/history.npz"),
    log:
        log("regress/{kind}"),
    benchmark:
        benchmark_of("regress/{kind}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(60),
    params:
        settings=lambda wildcards: section("regress", wildcards.kind),
        code=fingerprint("regress.assemble"),
    message:
        "Assembling the {wildcards.kind} regressor"
    script:
        "../scripts/regress.py"


rule study:
    input:
        rows=rules.dataset.output.rows,
    output:
        metrics=result("regress/studies/{study}/{trial}.json"),
    log:
        log("studies/{study}/{trial}"),
    benchmark:
        benchmark_of("studies/{study}/{trial}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(600),
    params:
        trial=lambda wildcards: study_trial(wildcards.study, wildcards.trial),
        physics=section("physics"),
        checkpoints=lambda wildcards: result(
            f"regress/studies/{wildcards.study}/checkpoints/{wildcards.trial}"
        ),
        code=fingerprint("regress.assemble"),
    message:
        "Study {wildcards.study}: {wildcards.trial}"
    script:
        "../scripts/study.py"


rule table_study:
    input:
        trials=lambda wildcards: expand(
            result("regress/studies/{study}/{trial}.json"),
            study=wildcards.study,
            trial=STUDIES[wildcards.study],
        ),
    output:
        page=report(
            result("tables/study_{study}.html"),
            caption="../report/table_study.rst",
            category="2 Regression",
            labels={"figure": "table: study {study}"},
        ),
        table=result("tables/study_{study}.csv"),
    log:
        log("tables/study_{study}"),
    benchmark:
        benchmark_of("tables/study_{study}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("regress.studies", "tables"),
    message:
        "Table of the study {wildcards.study}"
    script:
        "../scripts/table_study.py"


rule figure_study:
    input:
        table=result("tables/study_{study}.csv"),
    output:
        shown=report(
            figure("study_{study}", SHOWN),
            caption="../report/study.rst",
            category="2 Regression",
            labels={"figure": "study {study}"},
        ),
        others=figure("study_{study}", OTHERS),
    log:
        log("figures/study_{study}"),
    benchmark:
        benchmark_of("figures/study_{study}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("plots.studies"),
    message:
        "Drawing the study {wildcards.study}"
    script:
        "../scripts/figure_study.py"
