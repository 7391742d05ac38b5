# Tables 1-3 of the paper by their numbers, and the residuals of all networks by sample and mass point.
rule tab01_weights:
    input:
        statuses=result("tables/statuses.csv"),
    output:
        page=report(
            result("tables/tab01_weights.html"),
            caption="../report/tab01.rst",
            category="7 Figures of the paper",
            labels={"figure": "Table 1: valid and invalid weights"},
        ),
        table=result("tables/tab01_weights.csv"),
    log:
        log("tables/tab01_weights"),
    benchmark:
        benchmark_of("tables/tab01_weights")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        classes=lambda wildcards: paper_classes(),
        accuracy=CONFIG.physics.integration.relative_accuracy,
        samples=lambda wildcards: sample_text(paper_classes()),
        cuts=selection_text(),
        code=fingerprint("regress.paper_tables"),
    message:
        "Table 1"
    script:
        "../scripts/table_weights.py"


# Times of Table 2: what training wrote, and the network on test events.
rule network_times:
    input:
        events=lambda wildcards: [events(s) for s in paper_classes()],
        regressors=expand(result("regress/{kind}/regressor.npz"), kind=KINDS),
        metrics=expand(result("regress/{kind}/metrics.json"), kind=KINDS),
        histories=expand(result("regress/{kind}/history.npz"), kind=KINDS),
        statuses=result("tables/statuses.csv"),
    output:
        facts=result("paper/tab02_times.json"),
    log:
        log("paper/tab02_times"),
    benchmark:
        benchmark_of("paper/tab02_times")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
    params:
        kinds=list(KINDS),
        networks=section("regress"),
        code=fingerprint("regress.paper_tables"),
    message:
        "Timing the networks"
    script:
        "../scripts/network_times.py"


rule tab02_times:
    input:
        facts=result("paper/tab02_times.json"),
    output:
        page=report(
            result("tables/tab02_times.html"),
            caption="../report/tab02.rst",
            category="7 Figures of the paper",
            labels={"figure": "Table 2: topologies and times"},
        ),
        table=result("tables/tab02_times.csv"),
    log:
        log("tables/tab02_times"),
    benchmark:
        benchmark_of("tables/tab02_times")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        samples=sample_text(SAMPLES),
        code=fingerprint("regress.paper_tables"),
    message:
        "Table 2"
    script:
        "../scripts/table_times.py"


rule tab03_regression:
    input:
        metrics=expand(
            result("regress/{kind}/metrics.json"),
            kind=[k for k in ("drell_yan", "ttbar") if k in KINDS],
        ),
        shifted=expand(result("variations/{variation}/informations.npz"), variation=SHIFTED_JETS),
    output:
        page=report(
            result("tables/tab03_regression.html"),
            caption="../report/tab03.rst",
            category="7 Figures of the paper",
            labels={"figure": "Table 3: bias and resolution"},
        ),
        table=result("tables/tab03_regression.csv"),
    log:
        log("tables/tab03_regression"),
    benchmark:
        benchmark_of("tables/tab03_regression")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        kinds=[k for k in ("drell_yan", "ttbar") if k in KINDS],
        variations=list(SHIFTED_JETS),
        about={name: described(VARIATIONS[name]) for name in SHIFTED_JETS},
        classes=lambda wildcards: paper_classes(),
        bootstrap=CONFIG.paper.bootstrap,
        seed=CONFIG.seed,
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("regress.paper_tables"),
    message:
        "Table 3"
    script:
        "../scripts/table_bias.py"


# Bias and resolution of every network by sample and mass point.
rule tab_regression:
    input:
        metrics=expand(result("regress/{kind}/metrics.json"), kind=KINDS),
    output:
        page=report(
            result("tables/regression.html"),
            caption="../report/tab_regression.rst",
            category="2 Regression",
            labels={"figure": "table: residuals by sample and hypothesis"},
        ),
        table=result("tables/regression.csv"),
    log:
        log("tables/regression"),
    benchmark:
        benchmark_of("tables/regression")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        kinds=list(KINDS),
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("regress.paper_tables"),
    message:
        "Collecting the residuals of the networks"
    script:
        "../scripts/table_regression.py"


rule fig_regression_mass_points:
    input:
        table=result("tables/regression.csv"),
    output:
        shown=report(
            figure("regression_mass_points", SHOWN),
            caption="../report/regression_mass_points.rst",
            category="2 Regression",
            labels={"figure": "residuals by hypothesis"},
        ),
        others=figure("regression_mass_points", OTHERS),
    log:
        log("figures/regression_mass_points"),
    benchmark:
        benchmark_of("figures/regression_mass_points")
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
        code=fingerprint("plots.by_mass"),
    message:
        "Drawing the residuals by hypothesis"
    script:
        "../scripts/figure_residuals.py"
