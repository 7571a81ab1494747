#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# seeds.sh PREP DIRECTORY: small shards and streams of every kind to begin fuzzing with, and the files of
# Apache Arrow where they are at hand.
set -euo pipefail
prep=$1
seeds=$2
fixtures=$(dirname "$0")/../../Fixtures/corpus
arrow=$(dirname "$0")/../../../shared/data/arrow
rm -rf "$seeds" && mkdir -p "$seeds"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

head -n 6 "$fixtures/documents.jsonl" > "$work/documents.jsonl"
"$prep" tokenizer train "$work/documents.jsonl" --vocab-size 700 -q -o "$work/tokenizer.json"
for compression in none zstd; do
  "$prep" tokenize "$work/documents.jsonl" --tokenizer "$work/tokenizer.json" --sentences \
    --compression $compression -q -o "$work/$compression"
  cp "$work/$compression"/*.arrow "$seeds/tokens-$compression.arrow"
done
"$prep" tokenize "$work/documents.jsonl" --tokenizer "$work/tokenizer.json" -q -o - > "$seeds/tokens.stream"
for objective in mlm t5-span clm mdlm plm; do
  "$prep" build "$work/zstd" --objective $objective --set length=64 -q -o "$work/$objective"
  cp "$work/$objective"/*.arrow "$seeds/$objective.arrow"
done
if [ -d "$arrow" ]; then
  find "$arrow/golden" "$arrow/fuzz" -type f ! -name '*.gz' -size -64k | while read -r file; do
    cp "$file" "$seeds/$(basename "$(dirname "$file")")-$(basename "$file")"
  done
fi
