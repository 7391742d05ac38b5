"""The comparison of samplers in the workflow: nothing by default, three jobs where a sample is named."""

from __future__ import annotations

SMALL = {
    "samples": {"tt": {"kind": "builtin", "hypothesis": "ttbar", "n_events": 60}},
    "hypotheses": {"hza": [[500, 300]]},
    "transfer": {"samples": {}},
    "scan": {"samples": ["tt"]},
}
RULES = ("train_flow", "compare_samplers", "figure_samplers")


def test_nothing_unless_a_sample_is_named(workflow, job_counts):
    workflow.configure(**SMALL)
    assert job_counts(workflow("all_flow", "-n").stdout) == {"all_flow": 1, "total": 1}
    counts = job_counts(workflow("-n").stdout)
    assert not set(RULES) & set(counts)


def test_a_named_sample_is_learnt_from_and_compared(workflow, job_counts):
    flow = {"sample": "tt", "events": 40, "test_events": 20}
    workflow.configure(**(SMALL | {"flow": flow}))
    run = workflow("all_flow", "-n")
    assert run.returncode == 0, run.stdout
    counts = job_counts(run.stdout)
    assert {rule: counts.get(rule) for rule in ("simulate", *RULES)} == dict.fromkeys(("simulate", *RULES), 1)
    assert "weigh" not in counts
    # and they belong to the report
    assert job_counts(workflow("-n").stdout)["figure_samplers"] == 1


def test_too_few_events_are_refused_before_anything_runs(workflow):
    workflow.configure(**(SMALL | {"flow": {"sample": "tt"}}))
    run = workflow("all_flow", "-n")
    assert run.returncode != 0 and "has at most 60 events" in run.stdout and "Traceback" not in run.stdout
