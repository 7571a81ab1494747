// SPDX-License-Identifier: Apache-2.0
internal import Pipeline

/// How progress is shown.
enum ProgressStyle: String, CaseIterable {
  /// A line that rewrites itself on a terminal, plain lines elsewhere.
  case auto
  /// A line every few seconds.
  case plain
  /// A JSON object every few seconds.
  case json
  /// Nothing.
  case none
}

/// Shows how far a run has come, with rate and time left, on standard error.
final class ProgressDisplay {
  private let style: ProgressStyle
  private let isTerminal: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant?
  private var width = 0

  init(style: ProgressStyle) {
    self.style = style
    isTerminal = style == .auto && StandardError.isTerminal
    start = clock.now
  }

  /// Shows a state of affairs, if it is time to.
  func show(_ progress: Progress) {
    guard style != .none else { return }
    let now = clock.now
    let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(5)
    if now - (last ?? start) < interval { return }
    last = now
    let seconds = max((now - start) / .seconds(1), 1e-3)
    if style == .json {
      StandardError.write(Self.json(progress, seconds: seconds) + "\n")
    } else {
      let line = Self.line(progress, seconds: seconds)
      if isTerminal {
        let padding = String(repeating: " ", count: max(0, width - line.count))
        StandardError.write("\r\(line)\(padding)")
        width = line.count
      } else {
        StandardError.write("prep: \(line)\n")
      }
    }
  }

  /// Clears the rewritten line.
  func end() {
    if isTerminal, width > 0 {
      StandardError.write("\r\(String(repeating: " ", count: width))\r")
      width = 0
    }
  }

  /// Seconds since the run began.
  var elapsed: Double { (clock.now - start) / .seconds(1) }

  private static func line(_ progress: Progress, seconds: Double) -> String {
    let rate = Double(progress.done) / seconds
    var parts = [progress.stage]
    if let total = progress.total, total > 0 {
      parts.append("\(min(100, progress.done * 100 / total)) %")
    }
    if progress.tokens > 0 { parts.append("\(Quantity.short(progress.tokens)) tokens") }
    parts.append("\(Quantity.short(Int(rate))) \(progress.measure)/s")
    if let loss = progress.loss { parts.append("loss \(Quantity.decimal(loss, 3))") }
    if let total = progress.total, progress.done > 0, rate > 0 {
      parts.append("\(Quantity.time(Double(max(0, total - progress.done)) / rate)) left")
    }
    return parts.joined(separator: "  ")
  }

  private static func json(_ progress: Progress, seconds: Double) -> String {
    let total = progress.total.map(String.init) ?? "null"
    let loss = progress.loss.map { #","loss":\#(Quantity.decimal($0, 4))"# } ?? ""
    return """
      {"stage":"\(progress.stage)","done":\(progress.done),"total":\(total),\
      "measure":"\(progress.measure)","rows":\(progress.rows),"tokens":\(progress.tokens),\
      "seconds":\(Quantity.decimal(seconds, 3))\(loss)}
      """
  }
}

/// Numbers for people.
enum Quantity {
  /// 1234567 → `1.2 M`.
  static func short(_ number: Int) -> String {
    for (unit, size) in [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)]
    where number >= size - size / 20_000 {
      return "\(decimal(Double(number) / Double(size), 1)) \(unit)"
    }
    return "\(number)"
  }

  /// 1 → `1 shard`, 1234 → `1,234 shards`.
  static func counted(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  /// 1234567 → `1,234,567`.
  static func grouped(_ number: Int) -> String {
    var digits = Array(String(number))
    var index = digits.count - 3
    while index > (number < 0 ? 1 : 0) {
      digits.insert(",", at: index)
      index -= 3
    }
    return String(digits)
  }

  /// Seconds as `42 s`, `3 min 05 s`, `2 h 10 min`.
  static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
    return "\(whole / 3600) h \(two(whole % 3600 / 60)) min"
  }

  /// A number with so many places, without the locale's say.
  static func decimal(_ number: Double, _ places: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((abs(number) * scale).rounded())
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(scaled)" }
    let unit = Int(scale)
    let fraction = String(scaled % unit)
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(sign)\(scaled / unit).\(zeros)\(fraction)"
  }
}
