// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON

/// The sums that a manifest states, against what they are sums of.
enum ManifestSums {
  /// What contradicts the manifest's own units.
  ///
  /// - Parameter bytes: the manifest as it lies in the directory.
  static func findings(_ manifest: Manifest, _ bytes: [UInt8]) -> [Finding] {
    guard let stated = try? JSONValue(parsing: bytes) else { return [] }
    return ["counts", "totals"].compactMap { name in
      difference(stated[name] ?? .null, manifest.json[name] ?? .null, name).map {
        Finding(rule: "manifest-sums", file: Manifest.fileName, $0)
      }
    }
  }

  /// The first member in which two values differ, if there is one.
  private static func difference(
    _ stated: JSONValue, _ found: JSONValue, _ place: String
  ) -> String? {
    if let members = found.objectValue, let others = stated.objectValue {
      // How large files are is for their digests to say.
      for name in Set(members.keys + others.keys).sorted() where name != "bytes" {
        if let difference = difference(
          stated[name] ?? .null, found[name] ?? .null, "\(place).\(name)")
        {
          return difference
        }
      }
      return nil
    }
    guard stated != found else { return nil }
    func text(_ value: JSONValue) -> String { String(decoding: value.serialized(), as: UTF8.self) }
    return "\(place) is \(text(stated)), but the units add up to \(text(found))"
  }
}
