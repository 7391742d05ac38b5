# Figures of the report: each is a named target, drawn from data files that are targets themselves.
rule figure_statuses:
    input:
        events=expand(events("{sample}"), sample=SAMPLES),
        weights=expand(weights("{sample}"), sample=SAMPLES),
    output:
        shown=report(
            figure("statuses", SHOWN),
            caption="../report/statuses.rst",
            category="1 Weights",
            labels={"figure": "statuses of the weights"},
        ),
        others=figure("statuses", OTHERS),
    log:
        log("figures/statuses"),
    benchmark:
        benchmark_of("figures/statuses")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        accuracy=CONFIG.physics.integration.relative_accuracy,
        n_eval=list(CONFIG.physics.integration.n_eval),
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("plots.distributions", "regress.targets"),
    message:
        "Drawing the statuses of the weights"
    script:
        "../scripts/figure_statuses.py"


rule figure_information:
    input:
        events=expand(events("{sample}"), sample=SAMPLES),
        weights=expand(weights("{sample}"), sample=SAMPLES),
    output:
        shown=report(
            figure("information_{hypothesis}", SHOWN),
            caption="../report/information.rst",
            category="1 Weights",
            labels={"figure": "information under {hypothesis}"},
        ),
        others=figure("information_{hypothesis}", OTHERS),
    log:
        log("figures/information_{hypothesis}"),
    benchmark:
        benchmark_of("figures/information_{hypothesis}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        use_not_converged=CONFIG.classify.use_not_converged,
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("plots.distributions", "regress.targets"),
    message:
        "Drawing the information under {wildcards.hypothesis}"
    script:
        "../scripts/figure_information.py"


rule figure_regression:
    input:
        predictions=result("regress/{kind}/predictions.npz"),
        history=result("regress/{kind}/history.npz"),
        metrics=result("regress/{kind}/metrics.json"),
    output:
        regression=report(
            figure("regression_{kind}", SHOWN),
            caption="../report/regression.rst",
            category="2 Regression",
            labels={"figure": "network against integral", "hypothesis": "{kind}"},
        ),
        learning=report(
            figure("learning_{kind}", SHOWN),
            caption="../report/learning.rst",
            category="2 Regression",
            labels={"figure": "loss by epoch", "hypothesis": "{kind}"},
        ),
        coverage=report(
            figure("coverage_{kind}", SHOWN),
            caption="../report/coverage.rst",
            category="2 Regression",
            labels={"figure": "calibration of the uncertainty", "hypothesis": "{kind}"},
        ),
        others=figure("regression_{kind}", OTHERS)
        + figure("learning_{kind}", OTHERS)
        + figure("coverage_{kind}", OTHERS),
    log:
        log("figures/regression_{kind}"),
    benchmark:
        benchmark_of("figures/regression_{kind}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        network=lambda wildcards: section("regress", wildcards.kind),
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("plots.learning", "plots.coverage"),
    message:
        "Drawing the {wildcards.kind} regression"
    script:
        "../scripts/figure_regression.py"


rule figure_roc:
    input:
        roc=result("classify/roc.npz"),
    output:
        shown=report(
            figure("roc_{group}", SHOWN),
            caption="../report/roc.rst",
            category="3 Classification",
            labels={"figure": "ROC", "from": "{group}"},
        ),
        others=figure("roc_{group}", OTHERS),
    log:
        log("figures/roc_{group}"),
    benchmark:
        benchmark_of("figures/roc_{group}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        fractions=list(CONFIG.classify.fractions),
        bootstrap=CONFIG.classify.bootstrap,
        samples=sample_text(LABELLED),
        cuts=selection_text(),
        code=fingerprint("plots.learning", "classify.workflow"),
    message:
        "Drawing the ROC curves of {wildcards.group}"
    script:
        "../scripts/figure_roc.py"


rule figure_likelihood:
    input:
        table=result("scan/{sample}/likelihood.csv"),
        facts=result("scan/{sample}/likelihood.json"),
    output:
        shown=report(
            figure("likelihood_{sample}", SHOWN),
            caption="../report/likelihood.rst",
            category="4 Likelihood",
            labels={"figure": "likelihood map", "sample": "{sample}"},
        ),
        others=figure("likelihood_{sample}", OTHERS),
    log:
        log("figures/likelihood_{sample}"),
    benchmark:
        benchmark_of("figures/likelihood_{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        points=len(CONFIG.hypotheses.hza),
        invalid=CONFIG.scan.invalid,
        samples=lambda wildcards: sample_text([wildcards.sample]),
        cuts=selection_text(),
        code=fingerprint("plots.likelihood"),
    message:
        "Drawing the likelihood of {wildcards.sample}"
    script:
        "../scripts/figure_likelihood.py"


rule figure_surface:
    input:
        surface=result("cross_sections/surface.json"),
    output:
        shown=report(
            figure("sigma_vis", SHOWN),
            caption="../report/sigma_vis.rst",
            category="4 Likelihood",
            labels={"figure": "visible cross section over the mass plane"},
        ),
        others=figure("sigma_vis", OTHERS),
    log:
        log("figures/sigma_vis"),
    benchmark:
        benchmark_of("figures/sigma_vis")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        nodes=len(NODES),
        cuts=selection_text(),
        efficiency=efficiency_text(),
        code=fingerprint("plots.surface"),
    message:
        "Drawing sigma_vis over the mass plane"
    script:
        "../scripts/figure_surface.py"
