// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import Concurrency

@Suite("A team of workers")
struct WorkerTeamTests {
  @Test("does every task once, and is done when it returns", arguments: [1, 2, 5])
  func everyTask(threads: Int) {
    let team = WorkerTeam(threads: threads)
    #expect((1...threads).contains(team.threads))
    for tasks in [0, 1, 2, 7, 1000] {
      let seen = Mutex([Int](repeating: 0, count: tasks))
      let strangers = Atomic<Int>(0)
      team.run(tasks: tasks) { task, worker in
        seen.withLock { $0[task] += 1 }
        if !(0..<team.threads).contains(worker) {
          strangers.wrappingAdd(1, ordering: .relaxed)
        }
      }
      #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
      #expect(strangers.load(ordering: .relaxed) == 0)
    }
  }

  @Test("forks and joins a thousand times, and sees what the caller wrote in between")
  func manyRounds() {
    let team = WorkerTeam(threads: 3)
    var values = [Int](repeating: 0, count: 16)
    for round in 1...1000 {
      values.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let buffer = buffer
        team.run(tasks: buffer.count) { task, _ in buffer[task] += round }
      }
    }
    #expect(values.allSatisfy { $0 == 500_500 })
  }

  @Test("never lends a worker's scratch memory to two tasks at a time")
  func workers() {
    let team = WorkerTeam(threads: 4)
    let busy = Mutex(Set<Int>())
    let clashes = Atomic<Int>(0)
    team.run(tasks: 200) { _, worker in
      if !busy.withLock({ $0.insert(worker).inserted }) {
        clashes.wrappingAdd(1, ordering: .relaxed)
      }
      _ = busy.withLock { $0.remove(worker) }
    }
    #expect(clashes.load(ordering: .relaxed) == 0)
  }
}
