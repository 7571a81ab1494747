// SPDX-License-Identifier: Apache-2.0

extension MaskedLM {
  /// Published recipes, with the defects that are kept and those that are not.
  static let presets = [
    Preset(
      name: "bert",
      note: "google-research/bert's create_pretraining_data.py at length 128. Keeps its defects:"
        + " more than half of the pairs are random, because a chunk of one sentence always is;"
        + " random second segments are served twice; the short target is drawn once a document;"
        + " truncation may begin a segment in mid-sentence; the rate counts [CLS] and [SEP]; random"
        + " tokens may be special or the original. dupe_factor is --epochs.",
      settings: [
        Setting("length", "128"), Setting("max_predictions", "20"), Setting("pairs", "nsp"),
        Setting("pairing", "put-back"), Setting("rate_base", "all"),
        Setting("replacements", "vocabulary"), Setting("framing_tokens", "roles"),
      ]),
    Preset(
      name: "roberta",
      note: "FULL-SENTENCES with an extra separator between documents, floor(0.15 × length + U)"
        + " tokens, drawn anew each epoch. Keeps that the rate counts the framing tokens. Not kept:"
        + " the original may select framing tokens, leaves a sentence longer than a row uncut and"
        + " lets a random token be the original.",
      settings: [
        Setting("packing", "full-sentences"), Setting("count", "stochastic"),
        Setting("rate_base", "all"),
      ]),
    Preset(
      name: "spanbert",
      note:
        "Single segments of one document, spans of geometric length, exactly ceil(0.15 × length)"
        + " tokens, one draw of mask, random or stay a span. Keeps that the last span may end inside"
        + " a word. Not kept: sentences longer than a row are dropped, masks depend on a global"
        + " generator, random tokens come by their frequency. The span-boundary targets follow from"
        + " the labels: each run of labels is a span.",
      settings: [
        Setting("masking", "span"), Setting("count", "ceiling"),
        Setting("framing_tokens", "roles"),
      ]),
    Preset(
      name: "albert",
      note: "google-research/albert's create_pretraining_data.py: n-grams of whole words, sentence"
        + " order. Keeps its defects: lengths show the order, because chunks are filled until long"
        + " enough; a chunk of one sentence is paired with a random document, label 1; the target is"
        + " drawn once a document; truncation may begin a segment in mid-sentence; at most 20 tokens"
        + " are masked, 4 % of a full row; the rate counts [CLS] and [SEP]; mask, random or stay is"
        + " drawn for each piece; random tokens may be special or the original. Not kept: n-grams"
        + " cross [SEP], their lengths are drawn without a seed, every piece that is not plain a-z"
        + " starts a word. dupe_factor is --epochs.",
      settings: [
        Setting("masking", "ngram"), Setting("draw", "token"), Setting("max_predictions", "20"),
        Setting("pairs", "sop"), Setting("chunk", "greedy"), Setting("rate_base", "all"),
        Setting("replacements", "vocabulary"), Setting("framing_tokens", "roles"),
      ]),
    Preset(
      name: "modernbert",
      note: "Whole documents packed to 1,024 positions, each framed on its own, 30 % masked, each"
        + " token on its own, so that a row may by chance have no label. Not kept: the original may"
        + " mask framing tokens, draws random tokens below the highest id of the batch, and packs"
        + " greedily from a buffer.",
      settings: [
        Setting("length", "1024"), Setting("rate", "0.3"), Setting("count", "bernoulli"),
        Setting("packing", "best-fit"),
      ]),
  ]
}
