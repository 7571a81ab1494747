// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON
internal import Pipeline

/// What a run made, for a person on standard error or as JSON on standard output.
struct Summary {
  let manifest: Manifest
  let seconds: Double
  let stages: StageSeconds?

  init(_ manifest: Manifest, seconds: Double, stages: StageSeconds? = nil) {
    self.manifest = manifest
    self.seconds = seconds
    self.stages = stages
  }

  func show(json: Bool, global: GlobalOptions, output: String) throws {
    if json {
      var standardOutput = StandardOutput()
      try standardOutput.line(String(decoding: self.json.serialized(), as: UTF8.self))
      try standardOutput.flush()
    }
    for line in lines(output) { global.note(line) }
  }

  private var json: JSONValue {
    let counts = manifest.counts.sorted { $0.key < $1.key }
    var object: JSONObject = [
      "kind": .string(manifest.kind.rawValue), "totals": manifest.totals(),
      "splits": .object(
        manifest.splits.reduce(into: [:]) { $0[$1] = manifest.totals(split: $1) }),
      "counts": .object(counts.reduce(into: [:]) { $0[$1.key] = .init($1.value) }),
      "seconds": .double(seconds), "accounting": Accounting(manifest)?.json ?? nil,
    ]
    if let stages {
      object["core_seconds"] = .object(
        StageSeconds.Stage.allCases.reduce(into: [:]) { $0[$1.rawValue] = .double(stages[$1]) })
    }
    return .object(object)
  }

  private func lines(_ output: String) -> [String] {
    if output == "-" { return ["standard output: done (\(Quantity.time(seconds)))"] + counts() }
    let totals = manifest.totals()
    let number = { (name: String) in totals[name]?.integerValue ?? 0 }
    let rows = manifest.kind == .tokens ? "documents" : "rows"
    let rate = Quantity.short(Int(Double(number("tokens")) / max(seconds, 1e-3)))
    var lines = [
      "\(output): \(Quantity.grouped(number("rows"))) \(rows), "
        + "\(Quantity.grouped(number("tokens"))) tokens in \(Quantity.counted(number("shards"), "shard")), "
        + "\(Quantity.grouped(number("bytes"))) bytes (\(Quantity.time(seconds)), \(rate) tokens/s)"
    ]
    if manifest.splits.count > 1 {
      for split in manifest.splits {
        let totals = manifest.totals(split: split)
        lines.append(
          "  \(split): \(Quantity.grouped(totals["rows"]?.integerValue ?? 0)) \(rows), "
            + "\(Quantity.grouped(totals["tokens"]?.integerValue ?? 0)) tokens")
      }
    }
    if let accounting = Accounting(manifest) { lines.append("  \(accounting.description)") }
    if let replacements { lines.append("  \(replacements)") }
    return lines + counts()
  }

  /// What replacements became, and how plausible they are on text that the proposal has not seen.
  private var replacements: String? {
    guard let facts = manifest.objective?.facts["proposal"], let accounting = Accounting(manifest),
      accounting.proposedTokens > 0
    else { return nil }
    func percent(_ share: Double) -> String { "\(Quantity.decimal(share * 100, 1)) %" }
    let built =
      "replacements: \(percent(accounting.equalShare)) of draws equal the original, "
      + "\(percent(accounting.labelShare)) of tokens labelled 1"
    guard let equal = facts["held_out_equal_share"]?.doubleValue else { return built }
    var parts = ["\(percent(equal)) equal"]
    if let nats = facts["held_out_nats"]?.doubleValue {
      parts.append("\(Quantity.decimal(nats, 2)) nats")
    }
    if let auc = facts["frequency_auc"]?.doubleValue {
      parts.append("frequency alone tells \(Quantity.decimal(auc, 2)) (0.5 is chance)")
    }
    return "\(built); on held-out text \(parts.joined(separator: ", "))"
  }

  /// What was dropped, replaced or padded.
  private func counts() -> [String] {
    let quiet: Set<String> = [
      "documents", "text_bytes", "source_documents", "source_tokens", "input_tokens",
    ]
    let notable = manifest.counts.filter { !quiet.contains($0.key) && $0.value > 0 }
    return notable.sorted { $0.key < $1.key }.map { name, count in
      "  \(name.split(separator: "_").joined(separator: " ")): \(Quantity.grouped(count))"
    }
  }
}
