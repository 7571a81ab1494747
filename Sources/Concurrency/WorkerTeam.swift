// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Threads that wait between many short stretches of work, for computations that fork and join
/// hundreds of times a second.
///
///     let team = WorkerTeam(threads: 2)
///     team.run(tasks: 100) { task, worker in … }
///
/// What a task does must depend on its number alone; which worker does it is left to chance.
public final class WorkerTeam {
  /// Threads, the caller's among them.
  public let threads: Int
  private let shared = Shared()
  private var members: [Member] = []

  /// A team of `threads` (at least one: the caller's); fewer where the system refuses more.
  public init(threads: Int) {
    for worker in 1..<max(2, threads) where worker < threads {
      let shared = shared
      guard let thread = WorkerThread({ shared.work(worker) }) else { break }
      members.append(Member(thread))
    }
    self.threads = members.count + 1
  }

  deinit {
    shared.stop()
    for member in members { member.join() }
  }

  /// Does all tasks and returns when the last is done.
  ///
  /// - Parameter body: Gets the number of the task and of the worker (0 is the caller), so that
  ///   each worker can have scratch memory of its own.
  public func run(tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if tasks <= 1 || members.isEmpty {
      for task in 0..<max(0, tasks) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) {
      shared.run(tasks: tasks, members: members.count, $0)
    }
  }

  private final class Member {
    private var thread: WorkerThread?
    init(_ thread: consuming WorkerThread) { self.thread = consume thread }
    func join() {
      if let thread = thread.take() { thread.join() }
    }
  }

  /// What the threads share. `body` and `tasks` are written before `round` is raised, with the lock
  /// held, and read after it was seen to rise.
  private final class Shared: @unchecked Sendable {
    private let monitor = Monitor()
    private var round = 0
    private var stopped = false
    private var body: ((Int, Int) -> Void)?
    private var tasks = 0
    private let next = Atomic<Int>(0)
    private var working = 0

    func run(tasks: Int, members: Int, _ body: @escaping (Int, Int) -> Void) {
      monitor.lock()
      self.body = body
      self.tasks = tasks
      next.store(0, ordering: .relaxed)
      working = members
      round += 1
      monitor.broadcast()
      monitor.unlock()
      takeTasks(0, tasks, body)
      monitor.lock()
      while working > 0 { monitor.wait() }
      self.body = nil
      monitor.unlock()
    }

    func work(_ worker: Int) {
      var seen = 0
      monitor.lock()
      while true {
        while round == seen && !stopped { monitor.wait() }
        guard !stopped else { break }
        seen = round
        let (body, tasks) = (body, tasks)
        monitor.unlock()
        if let body { takeTasks(worker, tasks, body) }
        monitor.lock()
        working -= 1
        if working == 0 { monitor.broadcast() }
      }
      monitor.unlock()
    }

    private func takeTasks(_ worker: Int, _ tasks: Int, _ body: (Int, Int) -> Void) {
      while true {
        let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard task < tasks else { return }
        body(task, worker)
      }
    }

    func stop() {
      monitor.lock()
      stopped = true
      monitor.broadcast()
      monitor.unlock()
    }
  }
}
