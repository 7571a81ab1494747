// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Core-seconds that `prep tokenize` spent, by what for.
public struct StageSeconds: Sendable, Hashable {
  /// What a thread may be doing.
  public enum Stage: String, Sendable, CaseIterable {
    /// Reading, decompressing, hashing the input, finding where records end.
    case read
    /// Taking fields out of JSON, checking UTF-8.
    case parse
    /// The explicit steps before the tokenizer.
    case normalize
    /// The tokenizer, its own normalization included, and collecting what it gives.
    case encode
    /// Finding where sentences start.
    case sentences
    /// Making columns and compressing them.
    case compress
    /// Putting documents into batches, writing and hashing them.
    case write
  }

  private var seconds = [Double](repeating: 0, count: Stage.allCases.count)

  /// Nothing yet.
  public init() {}

  /// The core-seconds of a stage.
  public internal(set) subscript(stage: Stage) -> Double {
    get { seconds[Self.index(stage)] }
    set { seconds[Self.index(stage)] = newValue }
  }

  private static func index(_ stage: Stage) -> Int {
    switch stage {
    case .read: 0
    case .parse: 1
    case .normalize: 2
    case .encode: 3
    case .sentences: 4
    case .compress: 5
    case .write: 6
    }
  }

  static func += (left: inout Self, right: Self) {
    for index in left.seconds.indices { left.seconds[index] += right.seconds[index] }
  }

  /// Runs something and counts the time that its thread works for it.
  mutating func measure<Result>(_ stage: Stage, _ body: () throws -> Result) rethrows -> Result {
    let start = Self.threadSeconds()
    defer { self[stage] += Self.threadSeconds() - start }
    return try body()
  }

  /// Seconds that this thread has worked: a call into the system, too slow for single documents.
  static func threadSeconds() -> Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

  /// Seconds that all threads have worked.
  static func processSeconds() -> Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

  fileprivate static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Divides the work of a thread on one batch among stages, by what the clock on the wall says of
/// each: asking for that is quick enough for single documents.
struct StageTimer {
  private var spent = StageSeconds()
  private let startedWork = StageSeconds.threadSeconds()
  private let started: Double
  private var last: Double

  init() {
    started = Self.now()
    last = started
  }

  private static func now() -> Double { StageSeconds.seconds(CLOCK_MONOTONIC) }

  /// Counts the time since the last mark.
  mutating func mark(_ stage: StageSeconds.Stage) {
    let now = Self.now()
    spent[stage] += now - last
    last = now
  }

  /// The work of the thread since the timer was made; what was not marked counts for `stage`.
  mutating func finish(_ stage: StageSeconds.Stage) -> StageSeconds {
    mark(stage)
    let work = StageSeconds.threadSeconds() - startedWork
    let share = last > started ? work / (last - started) : 0
    var result = StageSeconds()
    for stage in StageSeconds.Stage.allCases { result[stage] = spent[stage] * share }
    return result
  }
}
