# SPDX-License-Identifier: Apache-2.0
"""Models of prep train are those of transformers: logits, gradients, weights after twenty steps.

A model of transformers with random weights goes in with --init. What prep makes of the first batch of
a dataset comes out with --dump; PyTorch computes the same from the arrays in it, and takes the same
steps.
"""

import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from safetensors.numpy import load_file, safe_open  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    ElectraConfig,
    ElectraForPreTraining,
    GPT2Config,
    GPT2LMHeadModel,
    T5Config,
    T5ForConditionalGeneration,
)

LENGTH = 48
STEPS = 20
ROWS = 4
DROPOUTS = {
    "bert": ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    "t5": ["dropout_rate"],
    "gpt2": ["resid_pdrop", "embd_pdrop", "attn_pdrop"],
}


def no_dropout(family):
    return dict.fromkeys(DROPOUTS[family], 0.0)


def encoder(vocabulary):
    return dict(
        vocab_size=vocabulary,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=80,
        max_position_embeddings=64,
        **no_dropout("bert"),
    )


def t5(vocabulary, **options):
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary,
            d_model=48,
            d_kv=12,
            d_ff=80,
            num_layers=2,
            num_decoder_layers=3,
            num_heads=3,
            relative_attention_max_distance=30,
            decoder_start_token_id=0,
            **no_dropout("t5"),
            **options,
        )
    )


MODELS = {
    "bert": lambda v: BertForPreTraining(BertConfig(**encoder(v))),
    "bert-mlm": lambda v: BertForMaskedLM(BertConfig(**encoder(v))),
    "electra": lambda v: ElectraForPreTraining(ElectraConfig(embedding_size=20, **encoder(v))),
    "t5": t5,
    "t5-1.1": lambda v: t5(v, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "gpt2": lambda v: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=v,
            n_positions=64,
            n_embd=48,
            n_layer=3,
            n_head=4,
            bos_token_id=0,
            eos_token_id=1,
            **no_dropout("gpt2"),
        )
    ),
}
DATASETS = {
    "bert": ["mlm", "pairs=nsp"],
    "bert-mlm": ["mlm"],
    "electra": ["rtd"],
    "t5": ["t5-span"],
    "t5-1.1": ["t5-span"],
    "gpt2": ["clm"],
}


@pytest.fixture(scope="module")
def tokens(prep, corpus, tokenizer, tmp_path_factory):
    path = tmp_path_factory.mktemp("parity") / "tokens"
    prep("tokenize", *corpus, "--tokenizer", tokenizer, "--sentences", "-o", path)
    return path


def additive(visible):
    """The mask that transformers adds to the scores: rows × 1 × query × key."""
    lowest = torch.finfo(torch.float32).min
    return torch.where(torch.tensor(visible) > 0, 0.0, lowest)[:, None]


def forward(model, batch):
    """The logits of tokens and of pairs, from the arrays that prep was fed."""
    ids = {
        name: torch.tensor(batch[name]).long()
        for name in ("input_ids", "position_ids", "token_type_ids")
        if name in batch
    }
    mask = additive(batch["visible"])
    if "decoder_input_ids" in batch:
        hidden = model.encoder(input_ids=ids["input_ids"], attention_mask=mask)[0]
        hidden = model.decoder(
            input_ids=torch.tensor(batch["decoder_input_ids"]).long(),
            attention_mask=additive(batch["decoder_visible"]),
            encoder_hidden_states=hidden,
            encoder_attention_mask=additive(batch["cross_visible"]),
            use_cache=False,
        )[0]
        if model.config.scale_decoder_outputs:
            hidden = hidden * model.model_dim**-0.5
        return model.lm_head(hidden), None
    output = model(**ids, attention_mask=mask)
    if isinstance(model, BertForPreTraining):
        return output.prediction_logits, output.seq_relationship_logits
    return output.logits, None


def loss_of(model, batch):
    """What prep minimizes: the mean over labelled positions, and that over pairs."""
    logits, pairs = forward(model, batch)
    labels = torch.tensor(batch["labels"]).long()
    cross_entropy = torch.nn.functional.cross_entropy
    if isinstance(model, ElectraForPreTraining):
        known = labels >= 0
        logits = logits[known]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[known].float())
    else:
        loss = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
    if pairs is not None and "pair_labels" in batch:
        loss = loss + cross_entropy(pairs, torch.tensor(batch["pair_labels"]).long())
    return loss


def distance(ours, theirs):
    return np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-30)


def has_no_gradient(name):
    """Adding one vector to all keys changes no attention: true gradients are zero."""
    return name.endswith("attention.self.key.bias")


@pytest.mark.parametrize("name", MODELS)
def test_parity(prep, tokens, tmp_path, name):
    vocabulary = json.loads((tokens / "tokenizer.json").read_bytes())
    size = len(vocabulary["model"]["vocab"])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = MODELS[name](size).train()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    model.config._attn_implementation = "eager"
    model.save_pretrained(tmp_path / "initial")

    objective, *settings = DATASETS[name]
    settings = [f"length={LENGTH}", *settings]
    options = [part for setting in settings for part in ("--set", setting)]
    prep("build", tokens, "--objective", objective, *options, "-o", tmp_path / "shards")
    command = ["train", tmp_path / "shards", "--init", tmp_path / "initial", "--no-shuffle"]
    command += ["--batch", ROWS, "--length", 64, "--samples", 0]
    constant = ["--learning-rate", 1e-4, "--schedule", "constant", "--warmup", 0, "--clip", 0]
    adam = ["--beta2", 0.999, "--weight-decay", 0.01, "--decay", "all"]
    dumped = tmp_path / "dump"
    prep(*command, *constant, *adam, "--steps", STEPS, "--dump", dumped, "-o", tmp_path / "after")

    # Logits and losses of the first batch.
    batch = load_file(dumped / "step-1" / "batch.safetensors")
    ours = load_file(dumped / "step-1" / "logits.safetensors")
    logits, pairs = forward(model, batch)
    theirs = logits.detach().numpy()
    assert distance(ours["logits"].reshape(theirs.shape), theirs) < 1e-4
    assert ("pair_logits" in ours) == (name == "bert")
    if pairs is not None:
        assert distance(ours["pair_logits"], pairs.detach().numpy()) < 1e-4
    loss = loss_of(model, batch)
    loss.backward()
    with safe_open(dumped / "step-1" / "gradients.safetensors", "numpy") as file:
        told = file.metadata()
    total = float(told["token_loss"]) + float(told.get("pair_loss", 0))
    assert math.isclose(total, loss.item(), rel_tol=1e-5)

    # Every parameter's gradient.
    gradients = load_file(dumped / "step-1" / "gradients.safetensors")
    expected = {key: parameter.grad.numpy() for key, parameter in model.named_parameters()}
    assert gradients.keys() == expected.keys()
    whole = math.sqrt(sum(np.linalg.norm(value) ** 2 for value in expected.values()))
    for key, value in expected.items():
        bound = 1e-4 * np.linalg.norm(value) + 1e-7 * whole
        assert np.linalg.norm(gradients[key] - value) <= bound, key

    # Weights after twenty steps of AdamW.
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        loss_of(model, load_file(dumped / f"step-{step}" / "batch.safetensors")).backward()
        optimizer.step()
    weights = load_file(tmp_path / "after" / "model.safetensors")
    for key, parameter in model.named_parameters():
        if not has_no_gradient(key):
            assert distance(weights[key], parameter.detach().numpy()) < 1e-3, key

    # And back: transformers opens what prep has written, with nothing missing.
    opened = {
        "bert": AutoModelForPreTraining,
        "bert-mlm": AutoModelForMaskedLM,
        "electra": AutoModelForPreTraining,
        "gpt2": AutoModelForCausalLM,
    }.get(name, AutoModelForSeq2SeqLM)
    again, information = opened.from_pretrained(tmp_path / "after", output_loading_info=True)
    assert not any(information.values()), information
    again.config._attn_implementation = "eager"
    assert type(again) is type(model)
    assert distance(
        forward(again.eval(), batch)[0].detach().numpy(),
        forward(model.eval(), batch)[0].detach().numpy(),
    ) < 1e-3
    assert len(AutoTokenizer.from_pretrained(tmp_path / "after")) == size
