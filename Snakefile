# momentax: from events to weights, networks, ROC curves and likelihoods. Targets: snakemake --list-target-rules
include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/weigh.smk"
include: "workflow/rules/regress.smk"
include: "workflow/rules/classify.smk"
include: "workflow/rules/scan.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        rules.all_figures.input,


rule all_events:
    input:
        expand(events("{sample}"), sample=SAMPLES),


rule all_weights:
    input:
        expand(weights("{sample}"), sample=SAMPLES),


rule all_regress:
    input:
        expand(result("regress/{kind}/regressor.npz"), kind=KINDS),
