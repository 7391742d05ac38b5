"""Fixture of the workflow's tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from snakemake_run import Workflow


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    """A workflow in an empty folder."""
    return Workflow(tmp_path)


@pytest.fixture(scope="session")
def job_counts() -> Callable[[str], dict[str, int]]:
    """Reader of the table of jobs that a dry run prints."""

    def read(text: str) -> dict[str, int]:
        lines = text.split("Job stats:")[1].splitlines()[3:]
        rows = [line.split() for line in lines]
        end = next(i for i, row in enumerate(rows) if not row)
        return {row[0]: int(row[1]) for row in rows[:end]}

    return read
