# momentax: from events to weights, networks, ROC curves and likelihoods. Targets: snakemake --list-target-rules
include: "workflow/rules/common.smk"
include: "workflow/rules/captions.smk"
include: "workflow/rules/paper_helpers.smk"
include: "workflow/rules/transfer.smk"
include: "workflow/rules/shower.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/variations.smk"
include: "workflow/rules/weigh.smk"
include: "workflow/rules/regress.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/classify.smk"
include: "workflow/rules/scan.smk"
include: "workflow/rules/validation.smk"
include: "workflow/rules/flow.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/paper_unseen.smk"
include: "workflow/rules/paper_tables.smk"


rule all:
    default_target: True
    input:
        rules.table_cut_flow.output.page,
        rules.table_statuses.output.page,
        rules.table_cross_sections.output.page,
        rules.figure_surface.output.shown if CONFIG.scan.sigma_vis == "surface" else [],
        expand(rules.figure_transfer.output.response, simulation=SIMULATIONS),
        rules.figure_statuses.output.shown,
        expand(rules.figure_information.output.shown, hypothesis=HYPOTHESES),
        expand(rules.figure_regression.output.regression, kind=KINDS),
        expand(rules.figure_roc.output.shown, group=GROUPS),
        expand(rules.figure_likelihood.output.shown, sample=CONFIG.scan.samples),
        expand(rules.figure_kinematics.output.shown, sample=CONFIG.validation.kinematics),
        rules.table_kinematics.output.page if CONFIG.validation.kinematics else [],
        expand(rules.figure_mass_plane.output.shown, sample=CONFIG.validation.ellipses),
        rules.figure_mass_centres.output.shown if CONFIG.validation.ellipses else [],
        expand(rules.figure_planes.output.shown, sample=CONFIG.validation.planes.samples),
        expand(rules.figure_variation.output.shifts, variation=VARIATIONS),
        [rules.table_variations.output.page] if VARIATIONS else [],
        rules.figure_samplers.output.shown if CONFIG.flow.sample else [],


rule all_events:
    input:
        expand(events("{sample}"), sample=SAMPLES),


rule all_weights:
    input:
        expand(weights("{sample}"), sample=SAMPLES),


rule all_tables:
    input:
        rules.table_cut_flow.output.table,
        rules.table_statuses.output.table,
        rules.table_cross_sections.output.table,


rule all_regress:
    input:
        expand(result("regress/{kind}/regressor.npz"), kind=KINDS),


rule all_models:
    input:
        expand(result("models/{kind}.{form}"), kind=KINDS, form=["md", "stablehlo", "onnx"]),


rule all_studies:
    input:
        expand(rules.table_study.output.table, study=STUDIES),
        expand(rules.figure_study.output.shown, study=STUDIES),


rule all_paper_regression:
    input:
        rules.fig02_information_drell_yan.output.shown,
        rules.fig03_information_ttbar.output.shown,
        rules.fig04_information_hza_by_sample.output.shown,
        rules.fig05_information_hza.output.shown,
        rules.fig06_interpolation.output.shown,
        rules.fig11_invalid_drell_yan.output.shown,
        rules.fig12_invalid_ttbar.output.shown,
        rules.tab01_weights.output.page,
        rules.tab02_times.output.page,
        rules.tab03_regression.output.page,
        rules.tab_regression.output.page,
        rules.fig_regression_mass_points.output.shown,


rule all_variations:
    input:
        expand(rules.figure_variation.output.shifts, variation=VARIATIONS),
        [rules.table_variations.output.page] if VARIATIONS else [],


rule all_validation:
    input:
        expand(rules.figure_kinematics.output.shown, sample=CONFIG.validation.kinematics),
        rules.table_kinematics.output.page if CONFIG.validation.kinematics else [],
        expand(rules.figure_mass_plane.output.shown, sample=CONFIG.validation.ellipses),
        rules.figure_mass_centres.output.shown if CONFIG.validation.ellipses else [],
        expand(rules.figure_planes.output.shown, sample=CONFIG.validation.planes.samples),
        expand(rules.figure_transfer.output.response, simulation=CONFIG.validation.planes.transfer or []),
        rules.figure_detector_roc.output.shown if ROC_SAMPLES else [],


rule all_flow:
    input:
        rules.figure_samplers.output.shown if CONFIG.flow.sample else [],
        rules.figure_samplers.output.page if CONFIG.flow.sample else [],
