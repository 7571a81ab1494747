// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Corpus
internal import Datasets
internal import JSON
internal import Objectives
internal import Randomness
internal import Tokenization
internal import Training
internal import UnicodeText

/// The exit statuses of `prep`, after sysexits(3).
public enum ExitStatus: Int32, Sendable, CaseIterable {
  /// Good.
  case success = 0
  /// The data failed a check.
  case checkFailed = 1
  /// Wrong usage.
  case usage = 64
  /// The input is malformed or corrupt.
  case malformed = 65
  /// The input is missing or unreadable.
  case missing = 66
  /// A bug of ours.
  case software = 70
  /// The output cannot be created.
  case outputRefused = 73
  /// Reading or writing failed; the disk may be full.
  case inputOutput = 74
  /// Interrupted.
  case interrupted = 130
  /// The reader of our pipe went away.
  case brokenPipe = 141

  /// The status that an error ends the process with.
  public init(_ error: any Error) {
    switch error {
    case let error as PipelineError: self.init(error.code)
    case let error as CorpusError: self.init(error.code)
    case let error as DatasetError: self.init(error.code)
    case let error as TokenizerError: self.init(error.code)
    case let error as TrainingError: self.init(error.code)
    case is TextError: self = .usage
    case let error as ObjectiveError: self = Self.isOfTheData(error) ? .malformed : .usage
    case is ArrowError, is JSONError: self = .malformed
    case is RandomnessError: self = .usage
    default: self = .software
    }
  }

  /// Whether other data would have served, rather than other parameters.
  private static func isOfTheData(_ error: ObjectiveError) -> Bool {
    error.code == .inconsistentInput || error.code == .missingInput
  }

  private init(_ code: TrainingError.Code) {
    switch code {
    case .missing: self = .missing
    case .corrupt, .unsupported, .diverged: self = .malformed
    case .outputRefused: self = .outputRefused
    case .inputOutput: self = .inputOutput
    case .usage: self = .usage
    }
  }

  private init(_ code: PipelineError.Code) {
    switch code {
    case .usage: self = .usage
    case .malformed: self = .malformed
    case .missing: self = .missing
    case .outputRefused: self = .outputRefused
    case .inputOutput: self = .inputOutput
    case .brokenPipe: self = .brokenPipe
    }
  }

  private init(_ code: DatasetError.Code) {
    switch code {
    case .missing: self = .missing
    case .notADataset, .corrupt: self = .malformed
    case .outputRefused: self = .outputRefused
    case .inputOutput: self = .inputOutput
    case .brokenPipe: self = .brokenPipe
    case .usage: self = .usage
    }
  }

  private init(_ code: CorpusError.Code) {
    switch code {
    case .usage: self = .usage
    case .missing, .unreadable: self = .missing
    case .malformed, .corrupt, .unsupported, .tooLarge: self = .malformed
    case .io: self = .inputOutput
    }
  }

  private init(_ code: TokenizerError.Code) {
    switch code {
    case .invalidOption, .unknownRole, .unknownToken: self = .usage
    default: self = .malformed
    }
  }
}
