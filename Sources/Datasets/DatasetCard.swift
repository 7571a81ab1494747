// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// The dataset card, `README.md`: front matter from which `datasets.load_dataset(DIR)` takes the
/// splits, and a page that tells a person what the directory holds.
public enum DatasetCard {
  /// The name of the file in the dataset's directory.
  public static let fileName = "README.md"

  /// The card of a dataset.
  public static func bytes(for manifest: Manifest) -> [UInt8] {
    let page = [frontMatter(manifest), title(manifest), splits(manifest), usage(manifest)]
    return Array(page.joined(separator: "\n").utf8)
  }

  private static func frontMatter(_ manifest: Manifest) -> String {
    guard !manifest.splits.isEmpty else { return "" }
    let files = manifest.splits.map { "  - split: \($0)\n    path: \($0)-*.arrow\n" }
    return "---\nconfigs:\n- config_name: default\n  data_files:\n\(files.joined())---\n"
  }

  private static func title(_ manifest: Manifest) -> String {
    switch manifest.objective {
    case let objective?:
      let seed = manifest.seed.map { ", seed \($0)" } ?? ""
      return """
        # Examples for `\(objective.name)`

        Made by `prep build --objective \(objective.name)`\(seed). A model takes the columns
        \(objective.modelColumns.map { "`\($0)`" }.joined(separator: ", ")); the others say where a
        row came from. `prep objectives \(objective.name)` explains every column.

        """
    case nil:
      return """
        # Tokenized documents

        Made by `prep tokenize`: one row a document, `input_ids` without any framing tokens, in the
        order of the corpus. `prep build` turns them into examples.

        """
    }
  }

  private static func splits(_ manifest: Manifest) -> String {
    var lines = ["| split | shards | rows | tokens |", "|---|---:|---:|---:|"]
    for split in manifest.splits {
      let totals = manifest.totals(split: split)
      let cells = ["shards", "rows", "tokens"].map { "\(totals[$0]?.integerValue ?? 0)" }
      lines.append("| \(split) | \(cells.joined(separator: " | ")) |")
    }
    let vocabulary = manifest.tokenizer.vocabularySize
    lines += ["", "Vocabulary: \(vocabulary) entries, tokenizer.json beside this file.", ""]
    return lines.joined(separator: "\n")
  }

  private static func usage(_ manifest: Manifest) -> String {
    """
    ```python
    from datasets import load_dataset
    from transformers import AutoTokenizer

    dataset = load_dataset("DIR")
    tokenizer = AutoTokenizer.from_pretrained("DIR")
    print(tokenizer.decode([i for i in dataset["\(manifest.splits.first ?? "train")"][0]["input_ids"]]))
    ```

    The shards are Arrow IPC files with zstd buffers: pyarrow, polars and DuckDB read them as they
    are. `manifest.json` says how to make the same bytes again; `sha256sum -c SHA256SUMS` and
    `prep validate DIR` check them.

    """
  }
}
