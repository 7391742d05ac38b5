# Figures 2-5 of JHEP 04 (2021) 020 by their numbers: rules with the names of the figures, drawn from data files that are
# targets themselves; the others are in paper_unseen.smk and paper_tables.smk.
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
