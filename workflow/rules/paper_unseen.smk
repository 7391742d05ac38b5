# Figures 6, 11 and 12 of the paper, which need weights of test events of their own.
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
        first_try=[],
        code=fingerprint("regress.unseen_weights", "recompute"),
    message:
        "Weighing test events {params.window} of {wildcards.sample} with {params.hypotheses}"
    script:
        "../scripts/weigh_unseen.py"


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
use rule weigh_interpolation as first_try with:
    output:
        weights=result("paper/first_try/{kind}/{sample}/{shard}.npz"),
    log:
        log("paper/first_try/{kind}/{sample}/{shard}"),
    benchmark:
        benchmark_of("paper/first_try/{kind}/{sample}/{shard}")
    params:
        window=lambda wildcards: unseen_window(wildcards, "first_try"),
        hypotheses=lambda wildcards: [wildcards.kind],
        fractions=lambda wildcards: split_of(wildcards.kind),
        physics=section("physics"),
        recompute=[],
        first_try=section("paper", "first_try"),
        code=fingerprint("regress.first_try"),
    message:
        "First try of the {wildcards.kind} weights of test events {params.window} of {wildcards.sample}"


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
