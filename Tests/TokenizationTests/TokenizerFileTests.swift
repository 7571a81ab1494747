// SPDX-License-Identifier: Apache-2.0

import JSON
import TestSupport
import Testing
import UnicodeText

@testable import Tokenization

/// Reading and writing `tokenizer.json`, `tokenizer_config.json` and rank files.
@Suite struct TokenizerFileTests {
  /// A small tokenizer of our own.
  static func small(
    _ rule: PreTokenizerRule = .gpt2, form: NormalForm = .nfc, specials: SpecialTokens = .none,
    size: Int = 262
  ) throws -> Tokenizer {
    let trainer = try BPETrainer(
      vocabularySize: size, minimumFrequency: 0, preTokenizer: rule, form: form,
      specials: specials)
    return try .trained(trainer, on: ["the the the café"])
  }

  static func document(_ tokenizer: Tokenizer) throws -> JSONObject {
    try #require(try JSONValue(parsing: tokenizer.serialized()).objectValue)
  }

  static func load(_ document: JSONObject) throws(TokenizerError) -> Tokenizer {
    try Tokenizer.load(
      tokenizerJSON: JSONValue.object(document).serialized(sortedKeys: false))
  }

  static func added(
    _ id: Int, _ content: String, left: Bool = false, right: Bool = false,
    normalized: Bool = false, special: Bool = true
  ) -> JSONValue {
    [
      "id": JSONValue(id), "content": .string(content), "single_word": false,
      "lstrip": .bool(left), "rstrip": .bool(right), "normalized": .bool(normalized),
      "special": .bool(special),
    ]
  }

  private func loadFailure(_ make: () throws(TokenizerError) -> Tokenizer) -> TokenizerError? {
    do throws(TokenizerError) {
      _ = try make()
      return nil
    } catch {
      return error
    }
  }

  private func editFailure(_ edit: (inout JSONObject) -> Void) throws -> TokenizerError? {
    var document = try Self.document(Self.small())
    edit(&document)
    return loadFailure { () throws(TokenizerError) in try Self.load(document) }
  }

  private func modelFailure(_ edit: (inout JSONObject) -> Void) throws -> TokenizerError? {
    try editFailure { document in
      guard var model = document["model"]?.objectValue else { return }
      edit(&model)
      document["model"] = .object(model)
    }
  }

  @Test(arguments: PreTokenizerRule.allCases)
  func `What is written is read back the same`(rule: PreTokenizerRule) throws {
    for form in [NormalForm.none, .nfc, .nfkd] {
      let before = try Self.small(rule, form: form, specials: .standard, size: 600)
      let after = try Tokenizer.load(tokenizerJSON: before.serialized())
      // Llama 3 has the expression of cl100k.
      let read = rule == .llama3 ? PreTokenizerRule.cl100k : rule
      #expect(after.preTokenizer.rule == read && after.normalizer == before.normalizer)
      #expect(after.vocabularySize == before.vocabularySize && after.roles == before.roles)
      #expect(after.addedTokens == before.addedTokens && after.framing == .none)
      #expect(after.mergeLines == before.mergeLines)
      let text = "the\u{3000}cafe\u{301} 日本 </s> 12"
      for mode in AddedTokenMode.allCases {
        #expect(try after.ids(text, addedTokens: mode) == before.ids(text, addedTokens: mode))
      }
      #expect(try after.serialized() == before.serialized())
    }
  }

  @Test func `Added tokens are found as tokenizers finds them`() throws {
    var document = try Self.document(Self.small())
    document["added_tokens"] = [
      Self.added(262, "<l>", left: true), Self.added(263, "<r>", right: true),
      Self.added(264, "<n>", normalized: true, special: false),
      Self.added(265, "café", normalized: true, special: false),
      Self.added(266, "re\u{301}x", special: false), Self.added(267, "<l><r>"),
      Self.added(268, "</s>"), Self.added(269, "\n", right: true),
      Self.added(270, "\u{B}", left: true, right: true),
    ]
    let tokenizer = try Self.load(document)
    let goldens: [(String, [UInt32])] = [
      ("the <l> the", [257, 262, 258]), ("the<r> \n\u{3000}the", [257, 263, 269, 257]),
      ("<l><r><l>", [267, 262]), ("cafe\u{301} café", [265, 220, 265]),
      ("re\u{301}x réx", [266, 220, 81, 261, 87]), ("<n></s><", [264, 268, 27]),
      ("the\u{3000}\t<l>", [257, 262]), (" <r> <l> ", [220, 263, 262, 220]),
      // What one token swallowed is another one as well.
      ("the\n\n \nthe", [257, 269, 269, 269, 257]), ("<r>\n<l>", [263, 269, 262]),
      ("a\u{B}\u{B}b", [64, 270, 65]),
    ]
    for (text, ids) in goldens {
      let encoding = try tokenizer.encoding(Array(text.utf8), addedTokens: .matched)
      #expect(encoding.ids == ids, "\(text)")
      #expect(encoding.ends.last == encoding.normalized.count)
      #expect(encoding.originalEnds.last == text.utf8.count)
      #expect(!(try tokenizer.ids(text)).contains { $0 >= 262 })
    }
    #expect(tokenizer.roles[.eos] == 268 && tokenizer.roles[.bos] == nil)
  }

  @Test func `Unsupported parts are named`() throws {
    let cases: [(String, JSONValue, String)] = [
      ("normalizer", ["type": "Other"], "Other"),
      ("normalizer", ["type": "Sequence", "normalizers": [["type": "Odd"]]], "Odd"),
      ("pre_tokenizer", ["type": "UnicodeScripts"], "UnicodeScripts"),
      (
        "pre_tokenizer",
        ["type": "Sequence", "pretokenizers": [["type": "ByteLevel"], ["type": "Digits"]]], "Digits"
      ),
      (
        "pre_tokenizer",
        ["type": "Split", "pattern": ["String": ""], "behavior": "Isolated"], "empty"
      ),
      (
        "pre_tokenizer",
        ["type": "Split", "pattern": ["Regex": "x"], "behavior": "Sideways"], "Sideways"
      ),
      ("decoder", ["type": "CTC"], "CTC"),
      ("post_processor", ["type": "Other"], "Other"),
      ("model", ["type": "WordLevel", "vocab": [:]], "WordLevel"),
      ("model", ["type": "WordPiece", "vocab": [:]], "WordPiece"),
    ]
    for (key, value, name) in cases {
      let error = try editFailure { $0[key] = value }
      #expect(error?.code == .unsupported, "\(key) \(name)")
      #expect(error?.description.contains(name) == true, "\(error?.description ?? "")")
    }
    for (key, value) in [
      ("byte_fallback", true), ("dropout", 0.1), ("ignore_merges", true),
    ] as [(String, JSONValue)] {
      let error = try modelFailure {
        $0[key] = value
        if key == "ignore_merges" { $0["end_of_word_suffix"] = "</w>" }
      }
      #expect(error?.code == .unsupported, "\(key)")
    }
  }

  @Test(arguments: [
    #"(?i:\p{Lu})"#, #"[\p{L}-z]"#, #"[a-\d]"#,
    #"\w+"#, #"\bx"#, #"\h"#, "^x", "x$", "[[:alpha:]]", "[a-z&&[^x]]", "[a--b]", #"(x)\1"#,
    "(?m)x",
    "(?~x)", #"\p{Alphabetic}"#, #"\p{IsHan}"#, "(?i:ss)", "(?i:é)", "a{2}+", "a**", "(?<n>x)",
    #"\Kx"#,
    #"\R"#, #"\X"#, #"\xE9"#,
  ])
  func `Expressions that engines read differently are refused`(expression: String) {
    let error = #expect(throws: TokenizerError.self) {
      try PreTokenizerReader.preTokenizer(
        JSONPart(
          value: [
            "type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated",
          ], path: "pre_tokenizer"))
    }
    #expect(error?.code == .unsupported && error?.description.contains(expression) == true)
  }

  @Test func `Contradictions are found and located`() throws {
    func code(_ edit: (inout JSONObject) -> Void) throws -> TokenizerError.Code? {
      try modelFailure(edit)?.code
    }
    let merges: [JSONValue] = [
      "x", "a  b", " b", "a ", "", 3, [], ["a"], ["a", ""], ["a", "b", "c"], ["a", 3],
    ]
    for merge in merges {
      #expect(try code({ $0["merges"] = [merge] }) == .malformed, "\(merge)")
    }
    #expect(try code({ $0["merges"] = ["a qq"] }) == .inconsistent)
    #expect(try code({ $0["merges"] = ["qq a"] }) == .inconsistent)
    #expect(try code({ $0["merges"] = ["z z"] }) == .inconsistent)
    #expect(try code({ $0["merges"] = ["h e", "h e"] }) == .inconsistent)
    #expect(try code({ $0["merges"] = nil }) == .malformed)
    #expect(try code({ $0["vocab"] = nil }) == .malformed)
    #expect(try code({ $0["vocab"] = [] }) == .malformed)
    for id in [-1, 5, 1 << 24, 1 << 31, 1 << 32, Int(Int64.max), Int(Int64.min)] {
      let error = try modelFailure({ model in
        guard var vocab = model["vocab"]?.objectValue else { return }
        vocab["the"] = JSONValue(id)
        model["vocab"] = .object(vocab)
      })
      #expect(error?.code == .inconsistent, "id \(id)")
    }
    #expect(
      try code({ model in
        guard var vocab = model["vocab"]?.objectValue else { return }
        vocab["the"] = "x"
        model["vocab"] = .object(vocab)
      }) == .malformed)
    for token in [
      Self.added(3, "<x>"), Self.added(262, "the"), Self.added(-1, "<x>"),
      Self.added(1 << 40, "<x>"), Self.added(1_000_000, "<x>"),
    ] {
      #expect(try editFailure { $0["added_tokens"] = [token] }?.code == .inconsistent)
    }
    let same = [Self.added(262, "<x>"), Self.added(262, "<y>")]
    #expect(try editFailure { $0["added_tokens"] = .array(same) }?.code == .inconsistent)
    let twice = [Self.added(262, "<x>"), Self.added(263, "<x>")]
    #expect(try editFailure { $0["added_tokens"] = .array(twice) }?.code == .inconsistent)
    let post: JSONValue = ["type": "BertProcessing", "sep": ["x", 999], "cls": ["y", 1]]
    #expect(try editFailure { $0["post_processor"] = post }?.code == .inconsistent)
  }

  @Test func `Truncated and damaged files give an error, never a trap`() throws {
    let bytes = try Self.small(specials: .standard, size: 600).serialized()
    for count in stride(from: 0, to: bytes.count - 1, by: 199) {
      #expect(throws: TokenizerError.self) {
        _ = try Tokenizer.load(tokenizerJSON: Array(bytes[..<count]))
      }
    }
    var random = SeededGenerator(state: 9)
    var survivors = 0
    for _ in 0..<150 {
      var damaged = bytes
      for _ in 0..<3 { damaged[random.below(bytes.count)] = UInt8(32 + random.below(95)) }
      guard let tokenizer = try? Tokenizer.load(tokenizerJSON: damaged) else { continue }
      survivors += 1
      _ = try? tokenizer.encoding(Array("the café </s>".utf8), addedTokens: .matched)
    }
    #expect(survivors > 0)
    for text in ["", "[]", "3", "{}", "null", String(repeating: "[", count: 100_000)] {
      #expect(throws: TokenizerError.self) {
        _ = try Tokenizer.load(tokenizerJSON: Array(text.utf8))
      }
    }
    var nested: JSONValue = ["type": "NFC"]
    for _ in 0..<200 { nested = ["type": "Sequence", "normalizers": [nested]] }
    #expect(try editFailure { $0["normalizer"] = nested } == nil)
  }

  @Test func `A piece that is a token is that token where merges are ignored`() throws {
    for ignores in [true, false] {
      var document = try Self.document(Self.small(form: .none))
      var model = try #require(document["model"]?.objectValue)
      var vocab = try #require(model["vocab"]?.objectValue)
      vocab["zz"] = 262
      vocab["éé"] = 263  // as printable characters: the bytes E9 E9
      model["vocab"] = .object(vocab)
      model["ignore_merges"] = .bool(ignores)
      document["model"] = .object(model)
      // Added tokens that are written like other bytes, one of them made by merging too.
      document["added_tokens"] = [
        Self.added(263, "éé", special: false), Self.added(258, "Ġthe", special: false),
        Self.added(264, "qq", special: false),
      ]
      let tokenizer = try Self.load(document)
      // A token that only stands among the added ones is none of the model.
      #expect(try tokenizer.ids("qq").count == 2)
      #expect(try tokenizer.ids("zz").count == (ignores ? 1 : 2))
      for text: [UInt8] in [[0xE9, 0xE9], Array("éé the zz".utf8), [0x7A, 0x7A, 0xE9]] {
        let encoding = try tokenizer.encoding(text)
        #expect(tokenizer.decode(encoding.ids) == text && encoding.ends.last == text.count)
      }
    }
  }

  @Test func `A vocabulary without some bytes refuses only texts that need them`() throws {
    var document = try Self.document(Self.small(form: .none))
    var model = try #require(document["model"]?.objectValue)
    var vocab = try #require(model["vocab"]?.objectValue)
    vocab["!"] = nil
    model["vocab"] = .object(vocab)
    document["model"] = .object(model)
    let tokenizer = try Self.load(document)
    #expect(!tokenizer.isByteLevel && tokenizer.tokenCount == 261)
    #expect(try tokenizer.ids("the").count == 1)
    #expect(throws: TokenizerError.self) { _ = try tokenizer.ids("the!") }
  }

  @Test func `Rank files are read strictly`() {
    let bytes = (0..<256).map { byte -> String in
      let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
      return "\(digits[byte >> 2])\(digits[(byte & 3) << 4])== \(byte)\n"
    }.joined()
    func code(_ text: String, _ rule: PreTokenizerRule? = .gpt2) -> TokenizerError.Code? {
      loadFailure { () throws(TokenizerError) in
        try Tokenizer.load(tiktoken: Array(text.utf8), preTokenizer: rule)
      }?.code
    }
    #expect(code(bytes) == nil)
    #expect(code(bytes.replacing("\n", with: "\r\n")) == nil)
    #expect(code(bytes, nil) == .missingPreTokenizer)
    #expect(code(bytes + "YWI= 256") == nil)
    #expect(code("YQ== 0\n") == .inconsistent)  // not all bytes
    #expect(code(bytes + "YQ== 256\n") == .inconsistent)  // twice
    for line in [
      "YWI= 257", "YWI= 255", "YWI= -1", "YWI= x", "YWI= ", "YWI=", " 256", "= 256", "YWI=  256",
      "YWI= 256 ", "YWI= 99999999999999999999", "\n", "YWI= 256\n\nYWJj 257",
    ] {
      #expect(code(bytes + line + "\n") == .malformed, "\(line)")
    }
    #expect(code("") == .malformed)
  }

  @Test(
    .enabled(if: Repository.exists("tokenizers/gpt2"), "the reference data are not there"),
    arguments: ["base64", "blank_line", "line", "non_dense"])
  func `Malformed rank files of others are refused`(name: String) throws {
    let bytes = try Repository.read("tokenizers/gpt2/invalid_\(name).tiktoken")
    let error = loadFailure { () throws(TokenizerError) in
      try Tokenizer.load(tiktoken: bytes, preTokenizer: .gpt2)
    }
    #expect(error?.code == .malformed && error?.location?.hasPrefix("line ") == true)
  }

  @Test func `Templates give the framing`() throws {
    func framing(_ processor: JSONValue) throws -> TemplateFraming {
      var document = try Self.document(Self.small())
      document["post_processor"] = processor
      return try Self.load(document).framing
    }
    let bert = try framing(["type": "BertProcessing", "sep": ["b", 2], "cls": ["a", 1]])
    #expect(bert.prefix == [1] && bert.suffix == [2])
    #expect(bert.pairPrefix == [1] && bert.pairMiddle == [2] && bert.pairSuffix == [2])
    #expect(bert.pair.last == .token(2, type: 1))
    let roberta = try framing(
      [
        "type": "RobertaProcessing", "sep": ["b", 2], "cls": ["a", 1], "trim_offsets": true,
        "add_prefix_space": false,
      ])
    #expect(roberta.pairMiddle == [2, 2] && roberta.pair.last == .token(2, type: 0))
    let template: JSONValue = [
      "type": "TemplateProcessing",
      "single": [
        ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
      ],
      "pair": [
        ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
        ["SpecialToken": ["id": "<s>", "type_id": 1]], ["Sequence": ["id": "B", "type_id": 1]],
      ],
      "special_tokens": ["<s>": ["id": "<s>", "ids": [7], "tokens": ["<s>"]]],
    ]
    let llama = try framing(
      ["type": "Sequence", "processors": [["type": "ByteLevel"], template]])
    #expect(llama.prefix == [7] && llama.suffix == [] && llama.pairMiddle == [7])
    #expect(try framing(.null).isEmpty && framing(["type": "ByteLevel"]) == .none)
    #expect(throws: TokenizerError.self) {
      _ = try framing([
        "type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": [:],
      ])
    }
  }

  @Test func `Roles come from the files beside, then from published names, then by hand`() throws {
    var document = try Self.document(Self.small())
    document["added_tokens"] = [
      Self.added(262, "<s>"), Self.added(263, "</s>"), Self.added(264, "<mask>"),
      Self.added(265, "<|pad|>"), Self.added(266, "<extra_id_0>"), Self.added(267, "<extra_id_1>"),
      Self.added(268, "<extra_id_3>"), Self.added(269, "[X]"),
    ]
    let bytes = JSONValue.object(document).serialized(sortedKeys: false)
    let plain = try Tokenizer.load(tokenizerJSON: bytes)
    #expect(plain.roles[.bos] == 262 && plain.roles[.cls] == 262 && plain.roles[.sep] == 263)
    #expect(plain.roles[.pad] == 265 && plain.roles[.unk] == nil)
    #expect(plain.roles.sentinels == [266, 267])
    let configured = try Tokenizer.load(
      tokenizerJSON: bytes,
      configuration: ["eos_token": ["content": "[X]"], "unk_token": "none of these"],
      specialTokensMap: ["eos_token": "<s>", "cls_token": "[X]"])
    #expect(configured.roles[.eos] == 269 && configured.roles[.cls] == 269)
    #expect(configured.roles[.unk] == nil && configured.roles[.bos] == 262)
    let overridden = try configured.overridingRoles(with: ["mask": "[X]", "fim-prefix": "the"])
    #expect(overridden.roles[.mask] == 269 && overridden.roles[.fimPrefix] == plain.id(of: "the"))
    #expect(throws: TokenizerError.self) { _ = try plain.overridingRoles(with: ["masc": "[X]"]) }
    #expect(throws: TokenizerError.self) { _ = try plain.overridingRoles(with: ["mask": "[Y]"]) }
  }

  @Test func `The configuration names the roles and keeps what it does not know`() throws {
    let own = try JSONValue(parsing: Self.small(specials: .standard, size: 600).configuration())
    #expect(own["tokenizer_class"]?.stringValue == "PreTrainedTokenizerFast")
    #expect(own["pad_token"]?.stringValue == "<pad>" && own["eos_token"]?.stringValue == "</s>")
    #expect(own["additional_special_tokens"]?.arrayValue?.count == 7 + 256)
    let other = try Tokenizer.load(
      tokenizerJSON: Self.small().serialized(),
      configuration: ["tokenizer_class": "X", "model_max_length": 7, "eos_token": "the"])
    let written = try JSONValue(parsing: other.configuration())
    #expect(written["model_max_length"] == 7 && written["eos_token"] == "the")
    #expect(written["tokenizer_class"] == "PreTrainedTokenizerFast")
  }

  @Test func `Roles of any name are found again in what an extension writes`() throws {
    let extended = try Self.small().extended(
      sentinels: 2, specials: [("fim-prefix", "<P>"), ("nlu", "<R>"), ("mask", "<hole>")])
    let again = try Tokenizer.load(
      tokenizerJSON: extended.serialized(),
      configuration: JSONValue(parsing: extended.configuration()))
    for role in [SpecialRole.fimPrefix, .nlu, .mask] { #expect(again.roles[role] != nil) }
    #expect(again.roles == extended.roles)
  }

  @Test func `A summary has the facts`() throws {
    let tokenizer = try Self.small(specials: .standard, size: 600)
    let summary = try Array("the the".utf8).withUnsafeBufferPointer {
      try tokenizer.summary(sample: $0)
    }
    #expect(summary.normalization == "nfc" && summary.preTokenizer == "gpt2")
    #expect(summary.template == "none" && summary.specialCount == 270)
    #expect(summary.sentinelCount == 256 && summary.roles.count == 14)
    #expect(summary.mergeCount == tokenizer.mergeLines.count && summary.longestToken == 6)
    #expect(summary.sample?.tokens == 2 && summary.sample?.bytesPerToken == 3.5)
  }
}
