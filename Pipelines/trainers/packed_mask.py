# SPDX-License-Identifier: Apache-2.0
"""The attention mask that keeps the documents of a packed row apart.

`transformers` takes `segment_ids` from nobody and says nothing about it, and position ids that
restart tell a model where a token stands, not whom it may look at. What a model does heed is an
additive mask of shape (batch, 1, queries, keys):

    model(input_ids=ids, position_ids=positions, attention_mask=packed_mask(segment_ids, "causal"))
"""

import torch


def packed_mask(
    segment_ids,
    kind="bidirectional",
    prefix_lengths=None,
    key_segment_ids=None,
    window=None,
    dtype=torch.float32,
):
    """0 where a token may look, the lowest number of `dtype` elsewhere: (batch, 1, queries, keys).

    segment_ids      (batch, queries): documents from 1, padding 0. An `attention_mask` of rows that
                     hold one document each will do.
    kind             "bidirectional" (encoders), "causal" (decoders), or "prefix": the first tokens
                     of a document see each other both ways, what follows is causal.
    prefix_lengths   for "prefix": (batch,) for rows of one document, or (batch, documents).
    key_segment_ids  (batch, keys) for cross attention: the decoder's segments look at the encoder's
                     of the same number. Only with "bidirectional".
    window           tokens further apart than this do not see each other: for sliding attention.
    dtype            that of the model's weights.

    Padding looks at padding, so that no row of a softmax is empty; nothing else looks at it.
    """
    keys = segment_ids if key_segment_ids is None else key_segment_ids
    seen = segment_ids[:, :, None] == keys[:, None, :]
    if kind == "bidirectional":
        assert prefix_lengths is None, "prefix_lengths are for kind='prefix'"
    elif kind in ("causal", "prefix"):
        assert key_segment_ids is None, "cross attention is bidirectional"
        before = distances(segment_ids) <= 0
        if kind == "prefix":
            before = before | in_prefix(segment_ids, prefix_lengths)[:, None, :]
        seen = seen & before
    else:
        raise ValueError(f"kind is bidirectional, causal or prefix, not {kind!r}")
    if window is not None:
        seen = seen & (distances(segment_ids).abs() <= window)
    mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
    return mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None]


def distances(segment_ids):
    """How far each key stands behind each query."""
    places = torch.arange(segment_ids.shape[1], device=segment_ids.device)
    return (places[None, :] - places[:, None])[None]


def in_prefix(segment_ids, prefix_lengths):
    """Which positions belong to the prefix of their document."""
    places = torch.arange(segment_ids.shape[1], device=segment_ids.device).expand_as(segment_ids)
    starts = torch.ones_like(segment_ids, dtype=torch.bool)
    starts[:, 1:] = segment_ids[:, 1:] != segment_ids[:, :-1]
    positions = places - torch.where(starts, places, 0).cummax(dim=1).values
    lengths = prefix_lengths if prefix_lengths.dim() == 2 else prefix_lengths[:, None]
    known = (segment_ids > 0) & (segment_ids <= lengths.shape[1])
    index = (segment_ids.long() - 1).clamp(0, lengths.shape[1] - 1)
    return known & (positions < lengths.gather(1, index))
