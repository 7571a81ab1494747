// SPDX-License-Identifier: Apache-2.0

/// Runs the work of one unit on several threads so that whatever needs order sees it.
///
///     source ──▶ map ──▶ fold ──▶ finish ──▶ sink
///     in order   any     in order   any      in order
///
/// Items are pulled from `source` one at a time. `map` turns them into intermediate results on any
/// thread. `fold` sees those results in the order of their items and emits jobs; `flush` follows
/// the last of them. `finish` does the jobs on any thread, and `sink` receives what comes out in
/// the order in which the jobs were emitted. Every thread takes whatever can be done next, the
/// calling thread among them, so that `threads: 1` runs everything inline and is the reference
/// for all other counts.
///
/// *Order and errors.* Outputs do not depend on the number of threads, and neither does the first
/// error: an error of `source`, `map` or `fold` is thrown after everything that came before it
/// has reached `sink`.
///
/// *Memory.* At most `window` items, and about as many jobs, are under way at any time: a thread
/// that would get further ahead does other work or waits.
///
/// - Complexity: a few microseconds a hop; hand over batches, never single short documents.
public struct OrderedPipeline<Item, Mapped, Job, Done> {
  /// What the stages of one thread do; made once a thread so that each can own scratch memory.
  public struct Worker {
    let map: (Item) throws -> Mapped
    let finish: (Job) throws -> Done

    /// A worker that turns items into results and jobs into outputs.
    public init(
      map: @escaping (Item) throws -> Mapped, finish: @escaping (Job) throws -> Done
    ) {
      self.map = map
      self.finish = finish
    }
  }

  let threads: Int
  let window: Int

  /// A pipeline on `threads` threads (at least one, the caller's) with at most `window` items
  /// under way (by default eight a thread).
  public init(threads: Int, window: Int? = nil) {
    self.threads = max(1, threads)
    self.window = max(2, window ?? 8 * max(1, threads))
  }

  /// Runs the source dry.
  ///
  /// - Throws: the first error in the order of the items, whichever stage it came from.
  public func run(
    source: () throws -> Item?,
    worker: () throws -> Worker,
    fold: (Mapped, _ emit: (Job) -> Void) throws -> Void,
    flush: (_ emit: (Job) -> Void) throws -> Void,
    sink: (Done) throws -> Void
  ) throws {
    let workers = try (0..<threads).map { _ in try worker() }
    try withoutActuallyEscaping(source) { source in
      try withoutActuallyEscaping(fold) { fold in
        try withoutActuallyEscaping(flush) { flush in
          try withoutActuallyEscaping(sink) { sink in
            let crew = Crew(
              window: window, source: source, fold: fold, flush: flush, sink: sink)
            crew.run(workers)
            if let failure = crew.failure { throw failure }
          }
        }
      }
    }
  }
}

extension OrderedPipeline {
  /// The shared state of the threads of one run.
  ///
  /// Every stored property is read and written with the monitor's lock held; the stage closures
  /// run without the lock, each guarded by its `…Busy` flag.
  private final class Crew: @unchecked Sendable {
    private let monitor = Monitor()
    private let window: Int
    private let source: () throws -> Item?
    private let fold: (Mapped, (Job) -> Void) throws -> Void
    private let flush: ((Job) -> Void) throws -> Void
    private let sink: (Done) throws -> Void

    private var sourceBusy = false
    private var sourceEnded = false
    private var itemsPulled = 0
    private var mapped: [Int: Result<Mapped, any Error>] = [:]

    private var foldBusy = false
    private var foldEnded = false
    private var itemsFolded = 0

    private var jobs: [(index: Int, job: Job)] = []
    private var jobsEmitted = 0
    private var outputs: [Int: Result<Done, any Error>] = [:]
    private var sinkBusy = false
    private var outputsSunk = 0

    private var stopped = false
    private(set) var failure: (any Error)?

    init(
      window: Int, source: @escaping () throws -> Item?,
      fold: @escaping (Mapped, (Job) -> Void) throws -> Void,
      flush: @escaping ((Job) -> Void) throws -> Void, sink: @escaping (Done) throws -> Void
    ) {
      self.window = window
      self.source = source
      self.fold = fold
      self.flush = flush
      self.sink = sink
    }

    func run(_ workers: [Worker]) {
      startThread(workers, 1)
    }

    /// Starts one thread after another, then works on the calling thread, then joins them.
    private func startThread(_ workers: [Worker], _ next: Int) {
      guard next < workers.count, let thread = WorkerThread({ self.work(workers[next]) }) else {
        work(workers[0])
        return
      }
      startThread(workers, next + 1)
      thread.join()
    }

    /// Does whatever can be done next, latest stage first so that memory drains.
    private func work(_ worker: Worker) {
      monitor.lock()
      while !stopped {
        if !sinkBusy, let output = outputs.removeValue(forKey: outputsSunk) {
          sinkOutput(output)
        } else if !jobs.isEmpty {
          finishJob(worker)
        } else if canFold, let item = mapped.removeValue(forKey: itemsFolded) {
          foldItem(item)
        } else if canFold, sourceEnded, itemsFolded == itemsPulled {
          endFold()
        } else if !sourceBusy, !sourceEnded, !foldEnded, itemsPulled - itemsFolded < window {
          pullItem(worker)
        } else if foldEnded, !foldBusy, outputsSunk == jobsEmitted {
          stopped = true
          monitor.broadcast()
        } else {
          monitor.wait()
        }
      }
      monitor.unlock()
    }

    private var canFold: Bool {
      !foldBusy && !foldEnded && jobsEmitted - outputsSunk < window
    }

    private func pullItem(_ worker: Worker) {
      let index = itemsPulled
      sourceBusy = true
      monitor.unlock()
      let pulled = Result { try source() }
      monitor.lock()
      sourceBusy = false
      switch pulled {
      case .success(nil):
        sourceEnded = true
      case .success(let item?):
        itemsPulled += 1
        monitor.broadcast()
        monitor.unlock()
        let result = Result { try worker.map(item) }
        monitor.lock()
        mapped[index] = result
      case .failure(let error):
        sourceEnded = true
        itemsPulled += 1
        mapped[index] = .failure(error)
      }
      monitor.broadcast()
    }

    private func foldItem(_ item: Result<Mapped, any Error>) {
      foldBusy = true
      monitor.unlock()
      let result = Result { try fold(item.get(), emit) }
      monitor.lock()
      foldBusy = false
      itemsFolded += 1
      if case .failure(let error) = result {
        failure = failure ?? error
        foldEnded = true
      }
      monitor.broadcast()
    }

    private func endFold() {
      foldBusy = true
      monitor.unlock()
      let result = Result { try flush(emit) }
      monitor.lock()
      foldBusy = false
      foldEnded = true
      if case .failure(let error) = result { failure = failure ?? error }
      monitor.broadcast()
    }

    private func emit(_ job: Job) {
      monitor.lock()
      jobs.append((jobsEmitted, job))
      jobsEmitted += 1
      monitor.broadcast()
      monitor.unlock()
    }

    private func finishJob(_ worker: Worker) {
      let (index, job) = jobs.removeFirst()
      monitor.unlock()
      let result = Result { try worker.finish(job) }
      monitor.lock()
      outputs[index] = result
      monitor.broadcast()
    }

    private func sinkOutput(_ output: Result<Done, any Error>) {
      sinkBusy = true
      monitor.unlock()
      let result = Result { try sink(output.get()) }
      monitor.lock()
      sinkBusy = false
      outputsSunk += 1
      if case .failure(let error) = result {
        // An earlier job's failure comes before whatever stopped the fold.
        failure = error
        foldEnded = true
        stopped = true
      }
      monitor.broadcast()
    }
  }
}
