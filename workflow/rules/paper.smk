# Figures 2-6, 11, 12 and tables 1-3 of JHEP 04 (2021) 020 by their numbers, and the residuals of all networks: rules
# with the names of the figures, drawn from data files that are targets themselves.
rule paper_rows:
    input:
        predictions=lambda wildcards: of_regressor(PAPER_ROWS[wildcards.rows][0], "predictions.npz"),
    output:
        rows=result("paper/{rows}.npz"),
    log:
        log("paper/{rows}"),
    benchmark:
        benchmark_of("paper/{rows}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
    params:
        hypotheses=lambda wildcards: paper_rows_labels(wildcards.rows),
        classes=lambda wildcards: paper_classes(),
        bootstrap=CONFIG.paper.bootstrap,
        seed=CONFIG.seed,
        code=fingerprint("regress.evaluation"),
    message:
        "Collecting the test events of {wildcards.rows}"
    script:
        "../scripts/paper_rows.py"


rule fig02_information_drell_yan:
    input:
        data=result("paper/fig02_information_drell_yan.npz"),
    output:
        shown=report(
            figure("fig02_information_drell_yan", SHOWN),
            caption="../report/fig02.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 2: information, Drell-Yan hypothesis"},
        ),
        others=figure("fig02_information_drell_yan", OTHERS),
    log:
        log("figures/fig02_information_drell_yan"),
    benchmark:
        benchmark_of("figures/fig02_information_drell_yan")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        sources=["network"],
        below=["ratio"],
        share=lambda wildcards: split_of("drell_yan")[2],
        samples=lambda wildcards: sample_text(paper_classes()),
        cuts=selection_text(),
        code=fingerprint("plots.classes"),
    message:
        "Drawing Fig. 2"
    script:
        "../scripts/figure_classes.py"


use rule fig02_information_drell_yan as fig03_information_ttbar with:
    input:
        data=result("paper/fig03_information_ttbar.npz"),
    output:
        shown=report(
            figure("fig03_information_ttbar", SHOWN),
            caption="../report/fig03.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 3: information, ttbar hypothesis"},
        ),
        others=figure("fig03_information_ttbar", OTHERS),
    log:
        log("figures/fig03_information_ttbar"),
    benchmark:
        benchmark_of("figures/fig03_information_ttbar")
    params:
        figures=section("figures"),
        sources=["network"],
        below=["ratio"],
        share=lambda wildcards: split_of("ttbar")[2],
        samples=lambda wildcards: sample_text(paper_classes()),
        cuts=selection_text(),
        code=fingerprint("plots.classes"),
    message:
        "Drawing Fig. 3"


rule fig04_information_hza_by_sample:
    input:
        data=result("paper/fig04_information_hza_by_sample.npz"),
    output:
        shown=report(
            figure("fig04_information_hza_by_sample", SHOWN),
            caption="../report/fig04.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 4: information, two mass points, by generated masses"},
        ),
        others=figure("fig04_information_hza_by_sample", OTHERS),
    log:
        log("figures/fig04_information_hza_by_sample"),
    benchmark:
        benchmark_of("figures/fig04_information_hza_by_sample")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        generated=lambda wildcards: {
            name: CONFIG.samples[name].hypothesis for name, c in paper_classes().items() if c == "hza"
        },
        share=lambda wildcards: split_of("hza")[2],
        samples=lambda wildcards: sample_text([n for n, c in paper_classes().items() if c == "hza"]),
        cuts=selection_text(),
        code=fingerprint("plots.by_mass"),
    message:
        "Drawing Fig. 4"
    script:
        "../scripts/figure_by_masses.py"


use rule fig02_information_drell_yan as fig05_information_hza with:
    input:
        data=result("paper/fig05_information_hza.npz"),
    output:
        shown=report(
            figure("fig05_information_hza", SHOWN),
            caption="../report/fig05.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 5: information, one mass point"},
        ),
        others=figure("fig05_information_hza", OTHERS),
    log:
        log("figures/fig05_information_hza"),
    benchmark:
        benchmark_of("figures/fig05_information_hza")
    params:
        figures=section("figures"),
        sources=["network"],
        below=["ratio"],
        share=lambda wildcards: split_of("hza")[2],
        samples=lambda wildcards: sample_text(paper_classes()),
        cuts=selection_text(),
        code=fingerprint("plots.classes"),
    message:
        "Drawing Fig. 5"


# Fig. 6: a mass point that no network was trained on.
rule weigh_interpolation:
    input:
        events=events("{sample}"),
        table=detector_table(),
    output:
        weights=result("paper/interpolation/{sample}/{shard}.npz"),
    log:
        log("paper/interpolation/{sample}/{shard}"),
    benchmark:
        benchmark_of("paper/interpolation/{sample}/{shard}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        window=lambda wildcards: unseen_window(wildcards, "interpolation"),
        hypotheses=[hza_label(*CONFIG.paper.interpolation.point)],
        fractions=split_of("hza"),
        physics=section("physics"),
        recompute=section("recompute"),
        code=fingerprint("regress.unseen_weights", "recompute"),
    message:
        "Weighing test events {params.window} of {wildcards.sample} with {params.hypotheses}"
    script:
        "../scripts/weigh_interpolation.py"


rule interpolate:
    input:
        events=lambda wildcards: [events(s) for s in paper_classes()],
        weights=lambda wildcards: [weights(s) for s in paper_classes()],
        unseen=lambda wildcards: flat(unseen_shards("interpolation", "interpolation")),
        regressor=lambda wildcards: of_regressor("hza", "regressor.npz"),
    output:
        rows=result("paper/fig06_interpolation.npz"),
    log:
        log("paper/fig06_interpolation"),
    benchmark:
        benchmark_of("paper/fig06_interpolation")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(30),
    params:
        hypothesis=hza_label(*CONFIG.paper.interpolation.point),
        shards=lambda wildcards: unseen_shards("interpolation", "interpolation"),
        classes=lambda wildcards: paper_classes(),
        bootstrap=CONFIG.paper.bootstrap,
        seed=CONFIG.seed,
        code=fingerprint("regress.interpolation"),
    message:
        "Interpolating to {params.hypothesis}"
    script:
        "../scripts/interpolate.py"


use rule fig02_information_drell_yan as fig06_interpolation with:
    input:
        data=result("paper/fig06_interpolation.npz"),
    output:
        shown=report(
            figure("fig06_interpolation", SHOWN),
            caption="../report/fig06.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 6: interpolation between mass points"},
        ),
        others=figure("fig06_interpolation", OTHERS),
    log:
        log("figures/fig06_interpolation"),
    benchmark:
        benchmark_of("figures/fig06_interpolation")
    params:
        figures=section("figures"),
        sources=["delaunay", "network"],
        below=["ratio", "residual"],
        interpolation=section("paper", "interpolation"),
        samples=lambda wildcards: sample_text(paper_classes()),
        cuts=selection_text(),
        code=fingerprint("plots.classes"),
    message:
        "Drawing Fig. 6"


# Figs. 11, 12: events whose integral fails on a first try with a small budget.
rule first_try:
    input:
        events=events("{sample}"),
        table=detector_table(),
    output:
        weights=result("paper/first_try/{kind}/{sample}/{shard}.npz"),
    log:
        log("paper/first_try/{kind}/{sample}/{shard}"),
    benchmark:
        benchmark_of("paper/first_try/{kind}/{sample}/{shard}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        window=lambda wildcards: unseen_window(wildcards, "first_try"),
        hypotheses=lambda wildcards: [wildcards.kind],
        fractions=lambda wildcards: split_of(wildcards.kind),
        physics=section("physics"),
        first_try=section("paper", "first_try"),
        code=fingerprint("regress.first_try"),
    message:
        "First try of the {wildcards.kind} weights of test events {params.window} of {wildcards.sample}"
    script:
        "../scripts/first_try.py"


rule select_failed:
    input:
        predictions=lambda wildcards: of_regressor(FIRST_TRIES[wildcards.invalid], "predictions.npz"),
        tries=lambda wildcards: flat(
            unseen_shards(f"first_try/{FIRST_TRIES[wildcards.invalid]}", "first_try")
        ),
    output:
        rows=result("paper/{invalid}.npz"),
    log:
        log("paper/{invalid}"),
    benchmark:
        benchmark_of("paper/{invalid}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
    params:
        hypothesis=lambda wildcards: FIRST_TRIES[wildcards.invalid],
        shards=lambda wildcards: unseen_shards(f"first_try/{FIRST_TRIES[wildcards.invalid]}", "first_try"),
        classes=lambda wildcards: paper_classes(),
        first_try=section("paper", "first_try"),
        bootstrap=CONFIG.paper.bootstrap,
        seed=CONFIG.seed,
        code=fingerprint("regress.first_try"),
    message:
        "Selecting the events of {wildcards.invalid}"
    script:
        "../scripts/select_failed.py"


use rule fig02_information_drell_yan as fig11_invalid_drell_yan with:
    input:
        data=result("paper/fig11_invalid_drell_yan.npz"),
    output:
        shown=report(
            figure("fig11_invalid_drell_yan", SHOWN),
            caption="../report/fig11.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 11: integrals that fail at first, Drell-Yan hypothesis"},
        ),
        others=figure("fig11_invalid_drell_yan", OTHERS),
    log:
        log("figures/fig11_invalid_drell_yan"),
    benchmark:
        benchmark_of("figures/fig11_invalid_drell_yan")
    params:
        figures=section("figures"),
        sources=["network"],
        below=["residual"],
        first_try=section("paper", "first_try"),
        samples=lambda wildcards: sample_text(paper_classes()),
        cuts=selection_text(),
        code=fingerprint("plots.classes"),
    message:
        "Drawing Fig. 11"


use rule fig11_invalid_drell_yan as fig12_invalid_ttbar with:
    input:
        data=result("paper/fig12_invalid_ttbar.npz"),
    output:
        shown=report(
            figure("fig12_invalid_ttbar", SHOWN),
            caption="../report/fig12.rst",
            category="7 Figures of the paper",
            labels={"figure": "Fig. 12: integrals that fail at first, ttbar hypothesis"},
        ),
        others=figure("fig12_invalid_ttbar", OTHERS),
    log:
        log("figures/fig12_invalid_ttbar"),
    benchmark:
        benchmark_of("figures/fig12_invalid_ttbar")
    message:
        "Drawing Fig. 12"


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
