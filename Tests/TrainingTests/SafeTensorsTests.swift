// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite("safetensors")
struct SafeTensorsTests {
  private func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
  }

  private func failure(_ bytes: [UInt8]) -> TrainingError? {
    do {
      _ = try SafeTensors(bytes, path: "x.safetensors")
      return nil
    } catch {
      return error
    }
  }

  @Test("are read, whatever the type of their numbers")
  func types() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"BF16","shape":[1,1],"data_offsets":[8,10]},"#
      + #""c":{"dtype":"F16","shape":[3],"data_offsets":[10,16]},"#
      + #""d":{"dtype":"I32","shape":[],"data_offsets":[16,20]},"__metadata__":{"format":"pt"}}"#
    let data: [UInt8] = [
      0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0x80, 0x3F, 0, 0x3C, 1, 0, 0, 0xFC, 5, 0, 0, 0,
    ]
    let tensors = try SafeTensors(file(header, data), path: "")
    func values(_ name: String) throws -> [Float] {
      let entry = try #require(tensors[name])
      let buffer = FloatBuffer(count: entry.count)
      tensors.copy(entry, to: buffer.base)
      return (0..<entry.count).map { buffer.base[$0] }
    }
    #expect(try values("a") == [1, -2])
    #expect(try values("b") == [1])
    #expect(try values("c") == [1, 0x1p-24, -.infinity])
    #expect(try values("d") == [5])
    #expect(tensors.metadata == ["format": "pt"])
  }

  @Test(
    "are refused where header and bytes do not fit",
    arguments: [
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
      #"{"a":7}"#, #"[]"#, #"{"a":"#, "",
    ])
  func damage(header: String) {
    #expect(failure(file(header, [1, 2, 3, 4]))?.code == .corrupt)
  }

  @Test("are refused with a header that is announced too long, or cut anywhere")
  func lengths() {
    #expect(failure([])?.code == .corrupt)
    #expect(failure([UInt8](repeating: 0xFF, count: 8))?.code == .corrupt)
    #expect(failure([UInt8](repeating: 0xFF, count: 64))?.code == .corrupt)
    let whole = file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [0, 0, 0, 0])
    #expect(failure(whole) == nil)
    for count in 0..<whole.count { #expect(failure(Array(whole[..<count]))?.code == .corrupt) }
  }

  @Test("of other numbers are told apart from damaged ones")
  func unknownType() {
    let bytes = file(#"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#, [0, 0, 0, 0])
    #expect(failure(bytes)?.code == .unsupported)
  }
}
