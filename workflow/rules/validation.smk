# Checks of simulated events and of the detector: two samples of a process beside each other; signals beside the ellipses
# of CMS; the minimum of the likelihood with a fitted detector and with the configured one. Nothing is done unless
# `validation` names samples.
rule compare:
    input:
        sample=events("{sample}"),
        reference=lambda wildcards: events(CONFIG.validation.kinematics[wildcards.sample]),
    output:
        histograms=result("validation/kinematics_{sample}.npz"),
        facts=result("validation/kinematics_{sample}.json"),
    log:
        log("validation/compare_{sample}"),
    benchmark:
        benchmark_of("validation/compare_{sample}")
    wildcard_constraints:
        sample="|".join(CONFIG.validation.kinematics) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(20),
    params:
        code=fingerprint("events"),
    message:
        "Comparing {wildcards.sample} with {input.reference}"
    script:
        "../scripts/compare.py"


rule figure_kinematics:
    input:
        histograms=result("validation/kinematics_{sample}.npz"),
    output:
        shown=report(
            figure("kinematics_{sample}", SHOWN),
            caption="../report/kinematics.rst",
            category="5 Validation",
            labels={"figure": "kinematics", "sample": "{sample}"},
        ),
        others=figure("kinematics_{sample}", OTHERS),
    log:
        log("figures/kinematics_{sample}"),
    benchmark:
        benchmark_of("figures/kinematics_{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        reference=lambda wildcards: CONFIG.validation.kinematics[wildcards.sample],
        samples=lambda wildcards: sample_text(
            [wildcards.sample, CONFIG.validation.kinematics[wildcards.sample]]
        ),
        cuts=selection_text(),
        code=fingerprint("plots.validation"),
    message:
        "Drawing {wildcards.sample} beside {params.reference}"
    script:
        "../scripts/figure_kinematics.py"


rule table_kinematics:
    input:
        facts=expand(result("validation/kinematics_{sample}.json"), sample=CONFIG.validation.kinematics),
    output:
        page=report(
            result("tables/kinematics.html"),
            caption="../report/table_kinematics.rst",
            category="5 Validation",
            labels={"figure": "table: chi2 of the kinematics"},
        ),
        table=result("tables/kinematics.csv"),
    log:
        log("tables/kinematics"),
    benchmark:
        benchmark_of("tables/kinematics")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        pairs=CONFIG.validation.kinematics,
        samples=sample_text([name for pair in CONFIG.validation.kinematics.items() for name in pair]),
        cuts=selection_text(),
        code=fingerprint("tables"),
    message:
        "Collecting chi2 of the kinematics"
    script:
        "../scripts/table_kinematics.py"


rule mass_plane:
    input:
        events=events("{sample}"),
    output:
        plane=result("validation/mass_plane_{sample}.npz"),
        facts=result("validation/mass_plane_{sample}.json"),
    log:
        log("validation/mass_plane_{sample}"),
    benchmark:
        benchmark_of("validation/mass_plane_{sample}")
    wildcard_constraints:
        sample="|".join(CONFIG.validation.ellipses) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(20),
    params:
        selection=section("selection"),
        masses=lambda wildcards: true_masses(wildcards.sample),
        seed=CONFIG.seed,
        code=fingerprint("scan.mass_centres"),
    message:
        "Measured masses of {wildcards.sample} in the signal region"
    script:
        "../scripts/mass_plane.py"


rule figure_mass_plane:
    input:
        plane=result("validation/mass_plane_{sample}.npz"),
    output:
        shown=report(
            figure("mass_plane_{sample}", SHOWN),
            caption="../report/mass_plane.rst",
            category="5 Validation",
            labels={"figure": "measured masses", "sample": "{sample}"},
        ),
        others=figure("mass_plane_{sample}", OTHERS),
    log:
        log("figures/mass_plane_{sample}"),
    benchmark:
        benchmark_of("figures/mass_plane_{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        samples=lambda wildcards: sample_text([wildcards.sample]),
        cuts=selection_text(signal_region=True),
        code=fingerprint("plots.mass_centres"),
    message:
        "Drawing the measured masses of {wildcards.sample}"
    script:
        "../scripts/figure_mass_plane.py"


rule figure_mass_centres:
    input:
        facts=expand(result("validation/mass_plane_{sample}.json"), sample=CONFIG.validation.ellipses),
    output:
        shown=report(
            figure("mass_centres", SHOWN),
            caption="../report/mass_centres.rst",
            category="5 Validation",
            labels={"figure": "measured masses beside CMS"},
        ),
        others=figure("mass_centres", OTHERS),
        table=result("validation/mass_centres.csv"),
    log:
        log("figures/mass_centres"),
    benchmark:
        benchmark_of("figures/mass_centres")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        samples=sample_text(CONFIG.validation.ellipses),
        cuts=selection_text(signal_region=True),
        code=fingerprint("plots.mass_centres", "tables"),
    message:
        "Drawing the measured masses of the signals beside the ellipses of CMS"
    script:
        "../scripts/figure_mass_centres.py"


rule scan_plane:
    input:
        events=events("{sample}"),
        section=lambda wildcards: fitted_section(wildcards.detector),
        table=lambda wildcards: detector_table() if wildcards.detector == "configured" else [],
    output:
        table=result("validation/{sample}_{detector}/likelihood.csv"),
        facts=result("validation/{sample}_{detector}/likelihood.json"),
    log:
        log("validation/plane_{sample}_{detector}"),
    benchmark:
        benchmark_of("validation/plane_{sample}_{detector}")
    wildcard_constraints:
        sample="|".join(CONFIG.validation.planes.samples) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(120),
    params:
        physics=section("physics"),
        selection=section("selection"),
        scan=section("scan"),
        planes=section("validation", "planes"),
        truth=lambda wildcards: true_masses(wildcards.sample),
        seed=CONFIG.seed,
        code=fingerprint("scan.plane", "events"),
    message:
        "Scanning the likelihood of {wildcards.sample} over (mH, mA) with the {wildcards.detector} detector"
    script:
        "../scripts/scan_plane.py"


rule figure_planes:
    input:
        tables=expand(result("validation/{{sample}}_{detector}/likelihood.csv"), detector=DETECTORS),
        facts=expand(result("validation/{{sample}}_{detector}/likelihood.json"), detector=DETECTORS),
    output:
        shown=report(
            figure("planes_{sample}", SHOWN),
            caption="../report/planes.rst",
            category="5 Validation",
            labels={"figure": "likelihood planes", "sample": "{sample}"},
        ),
        others=figure("planes_{sample}", OTHERS),
    log:
        log("figures/planes_{sample}"),
    benchmark:
        benchmark_of("figures/planes_{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        detectors=[DETECTOR_NAMES[detector] for detector in DETECTORS],
        draws=CONFIG.validation.planes.draws,
        points=len(CONFIG.validation.planes.points()),
        simulation=CONFIG.validation.planes.transfer,
        invalid=CONFIG.scan.invalid,
        samples=lambda wildcards: sample_text([wildcards.sample]),
        cuts=selection_text(),
        code=fingerprint("plots.validation"),
    message:
        "Drawing the likelihood planes of {wildcards.sample}"
    script:
        "../scripts/figure_planes.py"


# Do weights with the fitted detector tell showered events apart better than with the configured one?
rule detector_scores:
    input:
        events=[events(sample) for sample in ROC_SAMPLES],
        section=lambda wildcards: fitted_section(wildcards.detector),
        table=lambda wildcards: detector_table() if wildcards.detector == "configured" else [],
    output:
        scores=result("validation/scores_{detector}.npz"),
    log:
        log("validation/scores_{detector}"),
    benchmark:
        benchmark_of("validation/scores_{detector}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(120),
    params:
        physics=section("physics"),
        samples={sample: CONFIG.samples[sample].hypothesis for sample in ROC_SAMPLES},
        max_events=CONFIG.validation.roc.max_events,
        code=fingerprint("classify.detectors", "events"),
    message:
        "Weighing {input.events} with the {wildcards.detector} detector"
    script:
        "../scripts/detector_scores.py"


rule figure_detector_roc:
    input:
        scores=expand(result("validation/scores_{detector}.npz"), detector=ROC_DETECTORS),
    output:
        curves=result("validation/detector_roc.npz"),
        facts=result("validation/detector_roc.json"),
        shown=report(
            figure("detector_roc", SHOWN),
            caption="../report/detector_roc.rst",
            category="5 Validation",
            labels={"figure": "ROC curves of two detectors", "sample": "/".join(ROC_SAMPLES)},
        ),
        others=figure("detector_roc", OTHERS),
    log:
        log("figures/detector_roc"),
    benchmark:
        benchmark_of("figures/detector_roc")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        detectors=[DETECTOR_NAMES[detector] for detector in ROC_DETECTORS],
        truth={sample: CONFIG.samples[sample].hypothesis for sample in ROC_SAMPLES},
        simulation=CONFIG.validation.planes.transfer,
        max_events=CONFIG.validation.roc.max_events,
        bootstrap=500,
        samples=lambda wildcards: sample_text(ROC_SAMPLES),
        cuts=selection_text(),
        code=fingerprint("classify.detectors", "plots.detectors"),
    message:
        "Drawing the ROC curves of the detectors {params.detectors}"
    script:
        "../scripts/figure_detector_roc.py"
