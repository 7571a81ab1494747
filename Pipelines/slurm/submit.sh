#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A pipeline on a Slurm cluster: an array of tasks and a merge for the tokens, and the same again for
# the datasets of examples, each when what comes before it has succeeded.
#
#   submit.sh PIPELINE.yaml OUTPUT TASKS
#
# OUTPUT lies on a file system that all nodes see. More tasks than units do no harm and no good: a
# unit is a file of 64 MiB or more, or as many smaller ones. Where a task has failed, submit the same
# again: what is done stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PIPELINE=$(realpath "$1") OUTPUT=$(realpath -m "$2") TASKS=$3
after=()
for round in tokens datasets; do
  array=$(sbatch --parsable ${after[@]+"${after[@]}"} --array="0-$((TASKS - 1))" "$here/array.sbatch")
  merge=$(sbatch --parsable --dependency="afterok:${array%%;*}" "$here/merge.sbatch")
  echo "$round: array ${array%%;*}, merge ${merge%%;*}"
  after=(--dependency="afterok:${merge%%;*}")
done
