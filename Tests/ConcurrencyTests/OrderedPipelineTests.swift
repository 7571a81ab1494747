// SPDX-License-Identifier: Apache-2.0
import Concurrency
import Synchronization
import Testing

@Suite("Ordered pipeline")
struct OrderedPipelineTests {
  struct Planned: Error, Equatable { let at: Int }

  /// Numbers 0..<count, squared on any thread, summed in threes in order, negated on any thread.
  func run(
    threads: Int, count: Int, window: Int? = nil, failMapAt: Int? = nil, failFoldAt: Int? = nil,
    failFinishAt: Int? = nil, failSourceAt: Int? = nil
  ) -> (output: [Int], error: Planned?) {
    var next = 0
    var pending: [Int] = []
    var folded = 0
    var output: [Int] = []
    do {
      try OrderedPipeline<Int, Int, [Int], Int>(threads: threads, window: window).run(
        source: {
          if next == failSourceAt { throw Planned(at: next) }
          guard next < count else { return nil }
          defer { next += 1 }
          return next
        },
        worker: {
          .init(
            map: { number in
              if number == failMapAt { throw Planned(at: number) }
              var spin = number % 7 * 200
              while spin > 0 { spin -= 1 }
              return number * number
            },
            finish: { group in
              if group.contains(where: { $0 == failFinishAt }) { throw Planned(at: group[0]) }
              return -group.reduce(0, +)
            })
        },
        fold: { square, emit in
          if folded == failFoldAt { throw Planned(at: folded) }
          folded += 1
          pending.append(square)
          if pending.count == 3 {
            emit(pending)
            pending = []
          }
        },
        flush: { emit in if !pending.isEmpty { emit(pending) } },
        sink: { output.append($0) })
    } catch let error as Planned {
      return (output, error)
    } catch {
      Issue.record(error)
    }
    return (output, nil)
  }

  @Test("every number of threads and every window gives the output of one thread", arguments: 1...6)
  func sameOutput(threads: Int) {
    for count in [0, 1, 2, 3, 100, 1000] {
      var expected: [Int] = []
      for start in stride(from: 0, to: count, by: 3) {
        expected.append(-(start..<min(start + 3, count)).map { $0 * $0 }.reduce(0, +))
      }
      for window in [nil, 2, 3, 64] {
        let result = run(threads: threads, count: count, window: window)
        #expect(result.output == expected)
        #expect(result.error == nil)
      }
    }
  }

  @Test(
    "an error arrives after all that came before it, for any number of threads", arguments: 1...4)
  func errorsInOrder(threads: Int) {
    let map = run(threads: threads, count: 1000, failMapAt: 500)
    #expect(map.error == Planned(at: 500))
    #expect(map.output.count == 500 / 3)
    let source = run(threads: threads, count: 1000, failSourceAt: 301)
    #expect(source.error == Planned(at: 301))
    #expect(source.output.count == 100)
    let fold = run(threads: threads, count: 1000, failFoldAt: 30)
    #expect(fold.error == Planned(at: 30))
    #expect(fold.output.count == 10)
    let finish = run(threads: threads, count: 1000, failFoldAt: 60, failFinishAt: 30 * 30)
    #expect(finish.error == Planned(at: 30 * 30))
    #expect(finish.output.count == 10)
  }

  @Test("no more than a window of items is under way")
  func backpressure() throws {
    let underWay = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    var next = 0
    try OrderedPipeline<Int, Int, Int, Int>(threads: 4, window: 5).run(
      source: {
        next += 1
        let now = underWay.add(1, ordering: .relaxed).newValue
        most.max(now, ordering: .relaxed)
        return next <= 2000 ? next : nil
      },
      worker: { .init(map: { $0 }, finish: { $0 }) },
      fold: { item, emit in emit(item) },
      flush: { _ in },
      sink: { _ in underWay.subtract(1, ordering: .relaxed) })
    #expect(most.load(ordering: .relaxed) <= 2 * 5 + 1)
  }

  @Test("each thread has a worker of its own")
  func workersAreNotShared() throws {
    var made = 0
    var next = 0
    try OrderedPipeline<Int, Int, Int, Int>(threads: 3).run(
      source: {
        next += 1
        return next <= 300 ? next : nil
      },
      worker: {
        made += 1
        var uses = 0
        return .init(
          map: {
            uses += 1
            return $0 + (uses > 0 ? 0 : 1)
          }, finish: { $0 })
      },
      fold: { item, emit in emit(item) }, flush: { _ in }, sink: { _ in })
    #expect(made == 3)
  }
}
