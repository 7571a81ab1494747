// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Objectives

/// The pages of the book tell what the code declares.
@Suite struct DocumentationTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/objectives")

  private func page(_ name: String) throws -> String {
    try String(contentsOf: Self.folder.appending(path: "\(name).md"), encoding: .utf8)
  }

  @Test(arguments: ObjectiveRegistry.standard.descriptors.map(\.name))
  func everyParameterPresetAndHeadIsOnItsPage(name: String) throws {
    let descriptor = try ObjectiveRegistry.standard.objective(named: name).descriptor
    let page = try page(name)
    for parameter in descriptor.parameters {
      let type = parameter.kind.summary.split(separator: "|").joined(separator: " or ")
      let line =
        "| `\(parameter.name)` | \(type) | \(parameter.defaultValue) | \(parameter.summary) |"
      #expect(page.contains(line), "missing: \(line)")
    }
    for preset in descriptor.presets {
      let settings = preset.settings.map { "`\($0.name)=\($0.value)`" }.joined(separator: ", ")
      #expect(page.contains("**`\(preset.name)`**: \(preset.note)"))
      #expect(page.contains(settings), "missing: \(settings)")
    }
  }

  @Test func everyObjectiveIsListedAndWhatIsOutOfScopeIsSaidWithTheReason() throws {
    let page = try page("README")
    for descriptor in ObjectiveRegistry.standard.descriptors {
      #expect(page.contains("[`\(descriptor.name)`](\(descriptor.name).md)"))
    }
    for item in OutOfScope.all {
      #expect(page.contains("| `\(item.name)` | \(item.reason) |"), "missing: \(item.name)")
      let error = #expect(throws: ObjectiveError.self) { try make(item.name) }
      #expect(error?.message.contains("out of scope") == true)
    }
  }

  @Test(arguments: LawTests.cases)
  func everyColumnIsOnItsPage(_ test: LawTests.Case) throws {
    let page = try page(test.name)
    for column in try make(test.name, test.settings).columns {
      #expect(page.contains("| `\(column.name)` |"), "missing: \(column.name)")
    }
  }
}
