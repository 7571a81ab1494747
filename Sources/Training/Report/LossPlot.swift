// SPDX-License-Identifier: Apache-2.0

/// Loss curves as an SVG: a panel for each head, its baselines drawn in and named.
public struct LossPlot: Sendable {
  private static let width = 760.0
  private static let panel = 300.0
  private static let left = 56.0
  private static let right = 196.0
  private static let top = 36.0
  private static let bottom = 40.0

  private let title: String
  private let curves: [LossCurve]

  /// A drawing.
  public init(title: String, _ curves: [LossCurve]) {
    self.title = title
    self.curves = curves
  }

  /// The drawing as XML.
  public var svg: String {
    let height = 28 + Self.panel * Double(max(1, curves.count))
    var parts = [
      #"<svg xmlns="http://www.w3.org/2000/svg" width="760" height="\#(Int(height))" "#
        + #"viewBox="0 0 760 \#(Int(height))" font-family="sans-serif" font-size="12">"#,
      #"<rect width="760" height="\#(Int(height))" fill="white"/>"#,
      #"<text x="16" y="22" font-size="15" font-weight="bold">\#(Self.escaped(title))</text>"#,
    ]
    for (index, curve) in curves.enumerated() {
      parts.append(#"<g transform="translate(0 \#(28 + Int(Self.panel) * index))">"#)
      parts += Self.lines(of: curve)
      parts.append("</g>")
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// One line of a panel.
  private struct Series {
    let name: String
    let points: [LossCurve.Point]
    let colour: String
    let dashes: String
  }

  private static func lines(of curve: LossCurve) -> [String] {
    let moving = [
      Series(name: "training", points: curve.training, colour: "#9aa5b1", dashes: ""),
      Series(name: "held out", points: curve.heldOut, colour: "#1f6feb", dashes: ""),
      Series(name: curve.against, points: curve.baseline, colour: "#d1242f", dashes: ""),
    ].filter { !$0.points.isEmpty }
    let last = max(1, moving.flatMap { $0.points.map(\.step) }.max() ?? 1)
    let level = zip(curve.constants, ["#1a7f37", "#8250df", "#bf8700"]).map { constant, colour in
      Series(
        name: constant.name,
        points: [.init(step: 0, loss: constant.loss), .init(step: last, loss: constant.loss)],
        colour: colour, dashes: "5 4")
    }
    let series = moving + level
    let losses = series.flatMap { $0.points.map(\.loss) }.filter(\.isFinite)
    let axis = Axis(losses.min() ?? 0, losses.max() ?? 1)
    let x = { (step: Int) in left + (width - left - right) * Double(step) / Double(last) }
    let y = { (loss: Double) in
      top + (panel - top - bottom) * (axis.high - loss) / (axis.high - axis.low)
    }
    var parts = [
      #"<text x="\#(text(left))" y="22" font-weight="bold">\#(escaped(curve.name)): nats a label</text>"#
    ]
    for tick in axis.ticks {
      parts.append(
        #"<line x1="\#(text(left))" y1="\#(text(y(tick)))" x2="\#(text(width - right))" "#
          + #"y2="\#(text(y(tick)))" stroke="gainsboro"/><text x="\#(text(left - 8))" "#
          + #"y="\#(text(y(tick) + 4))" text-anchor="end" fill="dimgray">\#(text(tick))</text>"#)
    }
    for step in [0, last / 2, last] {
      parts.append(
        #"<text x="\#(text(x(step)))" y="\#(text(panel - bottom + 18))" text-anchor="middle" "#
          + #"fill="dimgray">\#(step == last ? "\(step) steps" : "\(step)")</text>"#)
    }
    for one in series {
      let points = one.points.filter(\.loss.isFinite)
        .map { "\(text(x($0.step))),\(text(y($0.loss)))" }.joined(separator: " ")
      let dashes = one.dashes.isEmpty ? "" : #" stroke-dasharray="\#(one.dashes)""#
      parts.append(
        #"<polyline points="\#(points)" fill="none" stroke="\#(one.colour)" stroke-width="2"\#(dashes)/>"#
      )
    }
    return parts + legend(series, y: y)
  }

  /// Names beside the ends of the lines, moved apart where they would lie on each other.
  private static func legend(_ series: [Series], y: (Double) -> Double) -> [String] {
    let ends = series.compactMap { one in
      one.points.last.map { (name: one.name, colour: one.colour, loss: $0.loss, y: y($0.loss)) }
    }.filter { $0.loss.isFinite }.sorted { $0.y < $1.y }
    var free = 0.0
    return ends.map { end in
      let place = max(end.y + 4, free)
      free = place + 15
      return #"<text x="\#(text(width - right + 8))" y="\#(text(place))" fill="\#(end.colour)">"#
        + "\(escaped(end.name)) \(text(end.loss))</text>"
    }
  }

  /// A scale whose ends and ticks are round numbers.
  struct Axis {
    let low: Double
    let high: Double
    let ticks: [Double]

    init(_ least: Double, _ most: Double) {
      let span = max(most - least, 1e-3)
      let steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
      let step = steps.first { span / $0 <= 6 } ?? span / 4
      low = (least / step).rounded(.down) * step
      high = max(low + step, (most / step).rounded(.up) * step)
      let count = Int(((high - low) / step).rounded())
      let low = low
      ticks = (0...count).map { low + Double($0) * step }
    }
  }

  /// A number with up to three digits after the point.
  private static func text(_ value: Double) -> String {
    var text = Nats.text(value)
    text.removeLast()
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }
}
