# SPDX-License-Identifier: Apache-2.0
"""A pipeline that several tasks carry out together gives the bytes of one that runs alone."""

import os
import subprocess

import pytest
from conftest import REPOSITORY, binary, tree


@pytest.fixture(scope="module")
def pipeline(several_units, tmp_path_factory):
    path = tmp_path_factory.mktemp("tasks") / "pipeline.yaml"
    inputs = ", ".join(map(str, several_units))
    path.write_text(f"""
sources: {{all: {{inputs: [{inputs}]}}}}
corpus: {{lang-field: lang}}
tokenizer: {{train: {{vocab-size: 1000}}}}
tokens: {{sentences: true, split: "train=0.8,validation=0.2"}}
datasets:
  masked: {{objective: mlm, seed: 3, epochs: 2, set: {{length: 64}}}}
  spans: {{objective: t5-span, set: {{length: 64}}}}
checks: [validate]
""")
    return path


@pytest.fixture(scope="module")
def alone(prep, pipeline, tmp_path_factory):
    output = tmp_path_factory.mktemp("alone") / "out"
    prep("run", pipeline, "-o", output)
    return tree(output)


def together(pipeline, output, count):
    """Starts all tasks at once and waits for them."""
    command = [binary(), "run", pipeline, "-o", output, "--quiet", "--threads", "1", "--task"]
    running = [
        subprocess.Popen([*map(str, command), f"{index}/{count}"], stderr=subprocess.PIPE, text=True)
        for index in range(count)
    ]
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors


@pytest.mark.parametrize("count", [1, 2, 5])
def test_tasks_make_the_same_bytes(prep, pipeline, alone, count, tmp_path):
    output = tmp_path / "out"
    together(pipeline, output, count)
    assert not list(output.rglob("manifest.json"))
    told = prep("merge", pipeline, "-o", output).stdout.decode()
    assert "made" in told and "next  prep run with --task" in told
    assert (output / "tokens" / "manifest.json").exists()
    together(pipeline, output, count)
    told = prep("merge", pipeline, "-o", output).stdout.decode()
    assert "next" not in told and told.count("good") == 3
    assert tree(output) == alone
    # All of it again changes nothing.
    together(pipeline, output, count)
    prep("merge", pipeline, "-o", output)
    prep("run", pipeline, "-o", output)
    assert tree(output) == alone


def test_nothing_is_sealed_while_a_task_is_missing(prep, pipeline, alone, tmp_path):
    output = tmp_path / "out"
    refused = prep("merge", pipeline, "-o", output).stdout.decode()
    assert "next" in refused, "no task has begun"
    for index in (0, 2):
        prep("run", pipeline, "-o", output, "--task", f"{index}/3")
    refused = prep("merge", pipeline, "-o", output, status=65)
    assert "1 of 3 tasks are not done: 1/3" in refused.stderr
    assert not (output / "tokens" / "manifest.json").exists()
    # Another number of tasks would deal the units out otherwise.
    refused = prep("run", pipeline, "-o", output, "--task", "1/4", status=64)
    assert "3 tasks" in refused.stderr
    # Without a task the run makes what is missing, and everything after it.
    prep("run", pipeline, "-o", output)
    assert tree(output) == alone


def test_a_killed_task_goes_on_where_it_was(prep, pipeline, alone, tmp_path):
    output = tmp_path / "out"
    for index in range(3):
        command = [binary(), "run", pipeline, "-o", output, "--task", f"{index}/3"]
        process = subprocess.Popen(map(str, command), stderr=subprocess.DEVNULL)
        try:
            process.wait(0.05 * (index + 1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    together(pipeline, output, 3)
    prep("merge", pipeline, "-o", output)
    together(pipeline, output, 3)
    prep("merge", pipeline, "-o", output)
    assert tree(output) == alone


def test_what_a_task_made_and_is_gone_is_missed(prep, pipeline, tmp_path):
    output = tmp_path / "out"
    together(pipeline, output, 2)
    gone = sorted((output / "tokens" / ".partial").glob("*.arrow"))[0]
    gone.unlink()
    refused = prep("merge", pipeline, "-o", output, status=65)
    assert "is gone" in refused.stderr and "00000-000" in refused.stderr
    assert not (output / "tokens" / "manifest.json").exists()


@pytest.mark.parametrize("task", ["2/2", "x", "-1/2", "1"])
def test_wrong_tasks_are_refused(prep, pipeline, task, tmp_path):
    refused = prep("run", pipeline, "-o", tmp_path / "out", f"--task={task}", status=64)
    assert "--task" in refused.stderr


def test_a_pipe_and_a_limit_cannot_be_divided(prep, pipeline, tmp_path):
    options = ["-o", tmp_path / "out", "--task", "0/2"]
    prep("run", pipeline, *options, "--limit", 3, status=64)
    piped = tmp_path / "piped.yaml"
    piped.write_text(
        "sources: {all: {inputs: [-]}}\ntokenizer: {train: {vocab-size: 300}}\ndatasets: {}\n"
    )
    prep("run", piped, *options, status=64, input=b'{"text": "a"}\n')


def test_the_launcher_of_a_cluster_makes_the_same_bytes(pipeline, alone, tmp_path):
    """Slurm's place is taken by two scripts: jobs are done at once, arrays from the last to the
    first, and what depends on another job must depend on the one before."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "srun").write_text('#!/bin/sh\nexec "$@"\n')
    (programs / "sbatch").write_text(
        """#!/bin/bash
set -e
job=$(($(cat "$JOBS" 2>/dev/null || echo 100) + 1)); echo $job > "$JOBS"
for word; do
  case $word in
    --array=0-*) last=${word#--array=0-} ;;
    --dependency=*) [ "$word" = "--dependency=afterok:$((job - 1))" ] ;;
  esac
done
export SLURM_CPUS_PER_TASK=1
for SLURM_ARRAY_TASK_ID in $(seq ${last:-0} -1 0); do
  export SLURM_ARRAY_TASK_ID; bash "$word" >&2
done
echo "$job;cluster"
"""
    )
    (programs / "prep").symlink_to(binary())
    for program in ("srun", "sbatch"):
        (programs / program).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [REPOSITORY / "Pipelines" / "slurm" / "submit.sh", pipeline, tmp_path / "out", "3"],
        env={**os.environ, "PATH": path, "JOBS": str(tmp_path / "jobs")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "tokens: array 101, merge 102\ndatasets: array 103, merge 104\n"
    assert tree(tmp_path / "out") == alone
