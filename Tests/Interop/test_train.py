# SPDX-License-Identifier: Apache-2.0
"""prep train tells datasets that teach from those that do not, and from those that tell.

What it writes, transformers reads."""

import json
import random
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from conftest import REPOSITORY, binary, tree
from distortions import IGNORED, distort

SETTINGS = {"t5-span": [], "mlm": [], "clm": ["labels=column"]}


@pytest.fixture(scope="module")
def world(prep, tmp_path_factory):
    """Tokens of a thousand days in the micro-world."""
    parent = tmp_path_factory.mktemp("world")
    script = REPOSITORY / "Fixtures" / "microworld.py"
    command = [sys.executable, script, "--documents", "1000"]
    told = subprocess.run(command, capture_output=True, check=True)
    (parent / "world.jsonl").write_bytes(told.stdout)
    tokenizer = parent / "tokenizer.json"
    prep("tokenizer", "train", parent / "world.jsonl", "--vocab-size", 1200, "-o", tokenizer)
    options = ["--tokenizer", tokenizer, "--sentences", "--split", "train=0.85,validation=0.15"]
    prep("tokenize", parent / "world.jsonl", *options, "-o", parent / "tokens")
    return parent / "tokens"


def build(prep, tokens, path, objective, *settings):
    chosen = [part for setting in ["length=64", *settings] for part in ("--set", setting)]
    prep("build", tokens, "--objective", objective, *chosen, "-o", path)
    return path


@pytest.fixture(scope="module")
def datasets(prep, world, tmp_path_factory):
    parent = tmp_path_factory.mktemp("datasets")
    return {
        name: build(prep, world, parent / name, name, *settings)
        for name, settings in SETTINGS.items()
    }


@pytest.fixture(scope="module")
def checked(prep, datasets, tmp_path_factory):
    """What a check of each dataset prints, and the checkpoint that it leaves."""
    parent = tmp_path_factory.mktemp("checked")
    options = ["--check", "--json", "-q"]
    return {
        name: (json.loads(prep("train", path, *options, "-o", parent / name).stdout), parent / name)
        for name, path in datasets.items()
    }


def verdicts(result):
    return {name: head["verdict"] for name, head in json.loads(result.stdout)["verdicts"].items()}


def changed(dataset, path, change):
    """A copy in which `change` was applied to all rows."""
    half = path.with_name(path.name + "-half")
    distort(dataset, half, change)
    return distort(half, path, change, split="validation")


def labels_of_other_rows(c):
    order = list(range(len(c["labels"])))
    random.Random(1).shuffle(order)
    labels = c["labels"]
    c["labels"] = labels[order] if isinstance(labels, np.ndarray) else [labels[i] for i in order]


def labels_in_front(c):
    for row, (ids, labels) in enumerate(zip(c["input_ids"], c["labels"])):
        wanted = [label for label in labels if label != IGNORED]
        c["input_ids"][row] = (wanted + list(ids))[: len(ids)]


def labels_in_place(c):
    c["input_ids"] = np.where(c["labels"] == IGNORED, c["input_ids"], c["labels"])


def labels_before_their_place(c):
    following = np.roll(c["labels"], -1, 1)
    following[:, -1] = IGNORED
    c["input_ids"] = np.where(following == IGNORED, c["input_ids"], following)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_dataset_that_teaches_is_told(checked, name):
    report, checkpoint = checked[name]
    head = report["verdicts"][name]
    assert head["verdict"] == "learns"
    low, high = head["interval"]
    assert 0 < low < head["gap"] < high
    assert head["baseline"] - head["loss"] == pytest.approx(head["gap"])
    assert head["loss"] < head["unigram"]
    events = [json.loads(line) for line in (checkpoint / "log.jsonl").read_bytes().splitlines()]
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, report["steps"] + 1))
    assert steps[-1]["loss"] < steps[0]["loss"]
    drawing = ElementTree.parse(checkpoint / "loss.svg").getroot()
    written = " ".join(drawing.itertext())
    assert all(word in written for word in ("unigram", "bigram", head["against"]))


def test_held_out_examples_are_completed_beside_the_truth(checked):
    samples = checked["t5-span"][0]["samples"]
    assert len(samples) == 3
    assert all(sample["given"] and sample["written"] and sample["truth"] for sample in samples)


@pytest.mark.parametrize("name", SETTINGS)
def test_labels_of_other_rows_teach_nothing(prep, datasets, tmp_path, name):
    control = changed(datasets[name], tmp_path / name, labels_of_other_rows)
    assert verdicts(prep("train", control, "--check", "--json", "-q", status=1)) == {
        name: "does not learn"
    }


# Where pieces of rows begin like sentences, or marks stand at certain places.
SHAPED = {"fim": ["labels=column"], "sentence-permutation": []}


@pytest.mark.parametrize("name", SHAPED)
def test_nor_do_they_where_rows_have_a_shape(prep, world, tmp_path, name):
    dataset = build(prep, world, tmp_path / name, name, "length=128", *SHAPED[name])
    control = changed(dataset, tmp_path / "control", labels_of_other_rows)
    told = verdicts(prep("train", control, "--check", "--json", "-q", "--samples", 0, status=1))
    assert told.pop(name) == "does not learn"
    assert set(told.values()) <= {"inconclusive"}


LEAKS = {"t5-span": labels_in_front, "mlm": labels_in_place, "clm": labels_before_their_place}


@pytest.mark.parametrize("name", SETTINGS)
def test_labels_in_the_input_are_too_good_to_be_true(prep, datasets, tmp_path, name):
    control = changed(datasets[name], tmp_path / name, LEAKS[name])
    assert verdicts(prep("train", control, "--check", "--json", "-q", status=1)) == {
        name: "too good to be true"
    }


def test_what_tasks_of_a_mixture_give_away_the_mixture_gives_away(prep, world, tmp_path):
    dataset = build(prep, world, tmp_path / "ul2", "ul2")
    control = changed(dataset, tmp_path / "told", labels_in_front)
    told = verdicts(prep("train", control, "--check", "--json", "-q", status=1))
    assert "ul2.s" in told and told["ul2"] == "too good to be true"
    assert set(told.values()) == {"too good to be true"}


def test_too_few_steps_say_nothing(prep, datasets):
    few = ["train", datasets["t5-span"], "--check", "--steps", 2, "--json", "-q", "--samples", 0]
    assert verdicts(prep(*few)) == {"t5-span": "inconclusive"}
    assert verdicts(prep(*few, "--strict", status=1)) == {"t5-span": "inconclusive"}


SMALL = ["--steps", 6, "--batch", 4, "--width", 64, "--layers", 1, "--kernel", "portable", "-q"]


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(prep, datasets, tmp_path):
    arguments = ["train", datasets["t5-span"], *SMALL, "--samples", 0, "--threads", 1]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    prep(*arguments, "-o", whole)
    # Killed at an arbitrary moment: with or without anything saved it comes out the same.
    process = subprocess.Popen(
        [str(binary()), *map(str, [*arguments, "-o", killed])], stderr=subprocess.DEVNULL
    )
    state = killed / ".partial" / "state.safetensors"
    while process.poll() is None and not state.exists():
        pass
    process.kill()
    process.wait()
    if (killed / "training.json").exists():
        shutil.rmtree(killed)
    prep(*arguments, "-o", killed, "--resume")
    own, other = tree(whole), tree(killed)
    own.pop("training.json"), other.pop("training.json")
    assert own == other


OPENED = {"t5-span": "AutoModelForSeq2SeqLM", "mlm": "AutoModelForMaskedLM", "clm": "AutoModelForCausalLM"}


@pytest.mark.parametrize("name", SETTINGS)
def test_transformers_opens_a_checkpoint_and_prep_goes_on_from_it(prep, datasets, tmp_path, name):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from safetensors.torch import load_file

    first = tmp_path / "first"
    prep("train", datasets[name], *SMALL, "--samples", 0, "-o", first)
    model = getattr(transformers, OPENED[name]).from_pretrained(first).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(first)
    assert len(tokenizer) <= model.config.vocab_size
    if name != "mlm":
        # It is said what a decoder begins and ends with.
        assert model.generation_config.eos_token_id == tokenizer.eos_token_id
        prompt = torch.tensor([tokenizer("the small grey fox", add_special_tokens=False).input_ids])
        assert model.generate(prompt, max_new_tokens=4, do_sample=False).shape[1] > 1
    dump = tmp_path / "dump"
    prep(
        "train", datasets[name], *SMALL, "--samples", 0, "--init", first, "--dump", dump,
        "-o", tmp_path / "second",
    )  # fmt: skip
    batch = load_file(dump / "step-1" / "batch.safetensors")
    ours = load_file(dump / "step-1" / "logits.safetensors")["logits"]
    # Padding sees itself; the first position sees whatever is no padding.
    seen = batch["visible"][:, 0] > 0
    inputs = {"input_ids": batch["input_ids"].long(), "attention_mask": seen.long()}
    if name == "t5-span":
        inputs["attention_mask"] = (batch["cross_visible"].amax(1) > 0).long()
        inputs["decoder_input_ids"] = batch["decoder_input_ids"].long()
    if name == "clm":
        inputs["attention_mask"] = (batch["visible"].sum(1) > 0).long()
    with torch.no_grad():
        theirs = model(**inputs).logits
    labelled = batch["labels"] >= 0
    difference = (ours[labelled] - theirs[labelled]).norm() / theirs[labelled].norm()
    assert difference < 1e-4


def test_there_is_no_judgement_without_a_validation_split(prep, world, tmp_path):
    text = world.parent / "world.jsonl"
    prep("tokenize", text, "--tokenizer", world.parent / "tokenizer.json", "-o", tmp_path / "tokens")
    dataset = build(prep, tmp_path / "tokens", tmp_path / "clm", "clm")
    done = prep("train", dataset, "--check", status=65)
    assert "--split train=0.99,validation=0.01" in done.stderr


def test_what_cannot_be_trained_on_is_refused(prep, world, datasets, tmp_path):
    spans = datasets["t5-span"]
    assert "prep build" in prep("train", world, "--check", status=65).stderr
    prep("train", tmp_path / "nowhere", "--check", status=66)
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "file").write_text("here")
    assert "--overwrite" in prep("train", spans, "--steps", 1, "-o", occupied, status=73).stderr
    prep("train", spans, "--check", "--length", 500, status=64)
