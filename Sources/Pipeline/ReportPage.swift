// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON
internal import Objectives
internal import Validation

/// A report as one HTML page that needs nothing besides: style and drawings stand in it.
///
/// It has no scripts, clock times or paths, so the same datasets give the same page.
public struct ReportPage {
  private var html = ""

  /// The page of some datasets.
  public init(_ subjects: [ReportRun.Subject]) {
    let names = subjects.map(\.name).joined(separator: ", ")
    html = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Self.escaped(names))</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>

      """
    for subject in subjects { add(subject) }
    html += "</body>\n</html>\n"
  }

  /// The page.
  public var bytes: [UInt8] { Array(html.utf8) }

  private mutating func add(_ subject: ReportRun.Subject) {
    let manifest = subject.manifest
    let what = manifest.objective.map { "Examples for \($0.name)" } ?? "Tokenized documents"
    html += "<article>\n<h1>\(Self.escaped(subject.name))</h1>\n<p>\(Self.escaped(what)). "
    addVerdict(subject.validation)
    addTotals(manifest)
    if let accounting = subject.validation.accounting {
      html += "<p>\(Self.escaped(accounting.description)).</p>\n"
    }
    for histogram in subject.lengths where histogram.total > 0 { add(histogram) }
    let counts = manifest.counts.sorted { $0.key < $1.key }.map { ($0.key, String($0.value)) }
    addTable("Counts", counts.map { ($0.0.replacing("_", with: " "), $0.1) })
    if let objective = manifest.objective {
      addTable("Parameters of \(objective.name)", Self.rows(objective.parameters))
      addTable("Facts", Self.rows(objective.facts))
    }
    addTable("Run", Self.rows(manifest.parameters))
    addStatistics(subject.validation)
    addSamples(subject.samples)
    html += "</article>\n"
  }

  private mutating func addVerdict(_ report: ValidationReport) {
    let faults = report.findings.count { $0.severity == .fault }
    html +=
      report.isGood
      ? "<strong class=\"good\">Every check passes.</strong></p>\n"
      : "<strong class=\"bad\">\(faults) of the checks fail.</strong></p>\n"
    guard !report.findings.isEmpty else { return }
    html += "<ul>\n"
    for finding in report.findings {
      html += "<li class=\"\(finding.severity == .fault ? "bad" : "warning")\">"
      html += "\(Self.escaped(finding.description))</li>\n"
    }
    html += "</ul>\n"
  }

  private mutating func addTotals(_ manifest: Manifest) {
    let columns = ["rows", "tokens", "loss_tokens", "shards", "bytes"]
    html += "<table>\n<tr><th>split</th>"
    html += columns.map { "<th>\($0.replacing("_", with: " "))</th>" }.joined() + "</tr>\n"
    let splits = manifest.splits.map { ($0, manifest.totals(split: $0)) }
    for (name, totals) in splits + [("all", manifest.totals())] {
      html += "<tr><td>\(Self.escaped(name))</td>"
      for column in columns { html += "<td class=\"number\">\(Self.text(totals[column]))</td>" }
      html += "</tr>\n"
    }
    html += "</table>\n"
  }

  private mutating func add(_ histogram: LengthHistogram) {
    let bins = histogram.bins()
    let highest = max(1, bins.map(\.count).max() ?? 1)
    let width = 18
    html += "<figure>\n<figcaption>\(Self.escaped(histogram.name)): "
    html += "\(histogram.shortest) to \(histogram.longest), median \(histogram.median), "
    html += "mean \(Self.decimal(histogram.mean))</figcaption>\n"
    html += "<svg width=\"\(bins.count * width)\" height=\"118\" role=\"img\">\n"
    for (index, bin) in bins.enumerated() {
      let height = bin.count == 0 ? 0 : max(1, bin.count * 100 / highest)
      html += "<rect x=\"\(index * width)\" y=\"\(100 - height)\" width=\"\(width - 2)\" "
      html += "height=\"\(height)\"><title>\(bin.lengths.lowerBound) to "
      html += "\(bin.lengths.upperBound): \(bin.count)</title></rect>\n"
    }
    let end = bins.count * width
    html += "<text x=\"0\" y=\"114\">\(histogram.shortest)</text>"
    html += "<text x=\"\(end)\" y=\"114\" text-anchor=\"end\">\(histogram.longest)</text>\n"
    html += "</svg>\n</figure>\n"
  }

  private mutating func addStatistics(_ report: ValidationReport) {
    var rows = report.statistics.map { test in
      (
        test.statistic.name,
        test.isRate
          ? "\(Self.decimal(test.observed, 4)), expected \(Self.decimal(test.expected, 4))"
          : "off by \(Self.decimal(test.deviation, 4))"
      )
    }
    if let surface = report.pairSurface {
      rows.append(("pairs told by their surface", "\(Self.decimal(surface, 3)); 0.5 is chance"))
    }
    rows += report.notChecked.map { ("not checked", $0) }
    addTable("Statistics", rows)
  }

  private mutating func addTable(_ title: String, _ rows: [(String, String)]) {
    guard !rows.isEmpty else { return }
    html += "<h2>\(Self.escaped(title))</h2>\n<table>\n"
    for (name, value) in rows {
      html += "<tr><th>\(Self.escaped(name))</th><td>\(Self.escaped(value))</td></tr>\n"
    }
    html += "</table>\n"
  }

  private mutating func addSamples(_ samples: [(place: String, lines: [RowDisplay.Line])]) {
    guard !samples.isEmpty else { return }
    html += "<h2>Rows</h2>\n"
    for (place, lines) in samples {
      html += "<details open><summary>\(Self.escaped(place))</summary>\n<dl>\n"
      for line in lines {
        html += "<dt>\(Self.escaped(line.name))</dt><dd>"
        var room = ReportRun.longestSample
        for stretch in line.stretches where room > 0 {
          let text = String(stretch.text.prefix(room))
          room -= text.count
          html += "<span class=\"\(stretch.style)\">\(Self.escaped(text))</span>"
        }
        html += room == 0 ? " …</dd>\n" : "</dd>\n"
      }
      html += "</dl></details>\n"
    }
  }

  // MARK: Text

  private static func rows(_ object: JSONValue) -> [(String, String)] {
    (object.objectValue?.entries ?? []).map { ($0.key, text($0.value)) }
  }

  private static func text(_ value: JSONValue?) -> String {
    guard let value, !value.isNull else { return "" }
    return value.stringValue ?? String(decoding: value.serialized(), as: UTF8.self)
  }

  /// A number with a few decimals, rounded half away from zero, the same everywhere.
  private static func decimal(_ value: Double, _ digits: Int = 1) -> String {
    let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
    let units = Int((value * Double(scale)).rounded())
    return "\(units / scale).\(padded(units % scale, digits))"
  }

  static func escaped(_ text: String) -> String {
    var safe = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": safe += "&amp;"
      case "<": safe += "&lt;"
      case ">": safe += "&gt;"
      case "\"": safe += "&quot;"
      default: safe.unicodeScalars.append(character)
      }
    }
    return safe
  }

  private static let style = """
    body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
      color: #222; background: #fff; }
    table { border-collapse: collapse; } th, td { padding: .15em .8em; text-align: left; }
    tr { border-bottom: 1px solid #ddd; } th { font-weight: 500; } .number { text-align: right; }
    .good { color: #17692a; } .bad { color: #a11212; } .warning { color: #855b00; }
    figure { margin: 1.5em 0; } rect { fill: #4a78a8; } svg text { font-size: 11px; fill: #666; }
    dd { margin: 0 0 .5em 2em; overflow-wrap: anywhere; white-space: pre-wrap; }
    dt, summary { color: #666; } .special { color: #777; } .changed { background: #ffe3c2; }
    .kept { background: #e6eef8; } .target { color: #17692a; } .quiet { color: #888; }
    """
}
