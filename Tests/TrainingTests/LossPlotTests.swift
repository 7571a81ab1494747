// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Training

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct LossPlotTests {
  /// Counts elements and reads what is written.
  private final class Reader: NSObject, XMLParserDelegate {
    var elements: [String: Int] = [:]
    var text = ""
    func parser(
      _ parser: XMLParser, didStartElement element: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      elements[element, default: 0] += 1
    }
    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
  }

  @Test func curvesAndBaselinesAreDrawnAndNamed() {
    var curve = LossCurve(name: "a & b", against: "another row's input")
    curve.heldOut = [.init(step: 0, loss: 9), .init(step: 100, loss: 4.25)]
    curve.baseline = [.init(step: 0, loss: 9), .init(step: 100, loss: .nan)]
    curve.constants = [("unigram", 6.5), ("bigram", 5.5)]
    let reader = Reader()
    let parser = XMLParser(data: Data(LossPlot(title: "<t>", [curve]).svg.utf8))
    parser.delegate = reader
    #expect(parser.parse())
    #expect(reader.elements["polyline"] == 4)
    for part in ["a & b", "<t>", "unigram 6.5", "bigram 5.5", "held out 4.25", "100 steps"] {
      #expect(reader.text.contains(part), "\(part)")
    }
  }

  @Test func ticksAreRoundAndHoldTheValues() {
    let axis = LossPlot.Axis(3.91, 9.2)
    #expect(axis.low == 3 && axis.high == 10)
    #expect(axis.ticks.count == 8)
    let flat = LossPlot.Axis(0, 0)
    #expect(flat.low < flat.high)
  }
}
