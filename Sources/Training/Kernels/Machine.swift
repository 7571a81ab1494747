// SPDX-License-Identifier: Apache-2.0
internal import Concurrency

/// The threads that compute, and the kernel of their matrix products.
///
/// OpenBLAS runs on one thread for each of ours: products are cut here, so that one team of threads
/// does everything and none of OpenBLAS's own spins beside it.
final class Machine {
  private let team: WorkerTeam
  /// Nil with the portable kernel.
  private let blas: OpenBLAS?
  private let portable: [PortableProduct]
  private var scratch: [FloatBuffer] = []

  /// - Throws: ``TrainingError`` (`missing`) if the kernel's library is not installed.
  convenience init(threads: Int, kernel: MatrixKernel) throws(TrainingError) {
    self.init(threads: threads, blas: kernel == .openBLAS ? try OpenBLAS.load() : nil)
  }

  /// One thread with the kernel of another machine.
  convenience init(besides other: Machine) { self.init(threads: 1, blas: other.blas) }

  private init(threads: Int, blas: OpenBLAS?) {
    self.blas = blas
    team = WorkerTeam(threads: max(1, threads))
    portable = blas == nil ? (0..<team.threads).map { _ in PortableProduct() } : []
  }

  var threads: Int { team.threads }

  /// Gives each worker memory of its own for at least `count` values within a task.
  func reserveScratch(_ count: Int) {
    guard scratch.first.map({ $0.count < count }) ?? true else { return }
    scratch = (0..<threads).map { _ in FloatBuffer(count: count) }
  }

  /// The memory that was reserved for a worker.
  func scratch(of worker: Int) -> Floats { scratch[worker].base }

  /// Does all tasks on all threads; a task's outcome may depend on its number alone.
  func parallel(_ tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    team.run(tasks: tasks, body)
  }

  /// Cuts `count` rows (or columns) into ranges of at least `minimum`, and works on them in
  /// parallel, a few a thread.
  func parallel(
    over count: Int, minimum: Int = 32, _ body: (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    // Whole tiles of the kernels.
    let share = (count + 2 * threads - 1) / (2 * threads)
    let size = max(minimum, (share + 15) / 16 * 16)
    parallel((count + size - 1) / size) { task, worker in
      body(task * size..<min(count, (task + 1) * size), worker)
    }
  }

  /// c (m × n) = scale · a (m × k) · b (k × n) on the calling worker alone.
  @inline(__always)
  func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, into c: Floats, stride: Int,
    scale: Float = 1, accumulates: Bool = false, worker: Int
  ) {
    guard m > 0, n > 0 else { return }
    if let blas {
      blas.product(
        OpenBLAS.rowMajor, a.isTransposed ? OpenBLAS.transposed : OpenBLAS.notTransposed,
        b.isTransposed ? OpenBLAS.transposed : OpenBLAS.notTransposed,
        Int32(truncatingIfNeeded: m), Int32(truncatingIfNeeded: n), Int32(truncatingIfNeeded: k),
        scale, a.base, Int32(truncatingIfNeeded: a.stride), b.base,
        Int32(truncatingIfNeeded: b.stride), accumulates ? 1 : 0, c,
        Int32(truncatingIfNeeded: stride))
    } else {
      portable[worker].multiply(
        m, n, k, a, b, into: c, stride: stride, scale: scale, accumulates: accumulates)
    }
  }

  /// The same on all workers: the longer side of c is cut.
  func product(
    _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, into c: Floats, stride: Int,
    scale: Float = 1, accumulates: Bool = false
  ) {
    let cutsRows = m >= n
    parallel(over: cutsRows ? m : n) { range, worker in
      let first = range.lowerBound
      if cutsRows {
        multiply(
          range.count, n, k, a.from(row: first), b, into: c + first * stride, stride: stride,
          scale: scale, accumulates: accumulates, worker: worker)
      } else {
        multiply(
          m, range.count, k, a, b.from(column: first), into: c + first, stride: stride,
          scale: scale, accumulates: accumulates, worker: worker)
      }
    }
  }
}
