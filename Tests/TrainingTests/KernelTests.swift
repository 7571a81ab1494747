// SPDX-License-Identifier: Apache-2.0
import Randomness
import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Kernels")
struct KernelTests {
  private func random(_ count: Int, seed: UInt64) throws -> FloatBuffer {
    var stream = try RandomStreams(key: StreamKey(seed: seed), unit: 0).stream(.frame)
    let buffer = FloatBuffer(count: count)
    for index in 0..<count { buffer.base[index] = Float(stream.fraction() - 0.5) }
    return buffer
  }

  @Test(
    "multiply as the definition says, whatever the sizes and layouts",
    arguments: [(1, 1, 1), (3, 5, 7), (4, 8, 256), (65, 9, 300), (70, 530, 20), (2, 3, 0)])
  func products(m: Int, n: Int, k: Int) throws {
    let (a, b) = (try random(m * k, seed: 1), try random(k * n, seed: 2))
    for kernel in MatrixKernel.allCases {
      let machine = try Machine(threads: 2, kernel: kernel)
      for (aTransposed, bTransposed) in [
        (false, false), (true, false), (false, true), (true, true),
      ] {
        let c = try random(m * n, seed: 3)
        let start = (0..<m * n).map { Double(c.base[$0]) }
        let left = Operand(
          base: a.base, stride: max(1, aTransposed ? m : k), isTransposed: aTransposed)
        let right = Operand(
          base: b.base, stride: max(1, bTransposed ? k : n), isTransposed: bTransposed)
        machine.product(
          m, n, k, left, right, into: c.base, stride: n, scale: 0.5, accumulates: true)
        for row in 0..<m {
          for column in 0..<n {
            var sum = 0.0
            for index in 0..<k {
              sum +=
                Double(a.base[left.offset(row, index)])
                * Double(b.base[right.offset(index, column)])
            }
            let place = row * n + column
            #expect(abs(Double(c.base[place]) - (start[place] + sum / 2)) < 1e-4)
          }
        }
        if k > 0 {
          machine.product(m, n, k, left, right, into: c.base, stride: n)
          var sum = 0.0
          for index in 0..<k {
            sum +=
              Double(a.base[left.offset(m - 1, index)]) * Double(b.base[right.offset(index, n - 1)])
          }
          #expect(abs(Double(c.base[m * n - 1]) - sum) < 1e-4)
        }
      }
    }
  }

  @Test("agree with the system's mathematics library")
  func elementary() {
    for step in -4000...4000 {
      let x = Double(step) / 100
      let vector = SIMD4<Float>(repeating: Float(x))
      if x <= 0 {
        let exact = exp(Double(Float(x)))
        #expect(abs(Double(Elementary.exponential(vector)[0]) - exact) <= 3e-7 * exact)
      }
      #expect(abs(Double(Elementary.hyperbolicTangent(vector)[1]) - tanh(x)) < 4e-7)
      let share = erfc(-Double(Float(x)) / 2.0.squareRoot()) / 2
      #expect(abs(Double(Elementary.normalShare(vector).share[2]) - share) < 4e-7)
    }
    #expect(Elementary.exponential(SIMD4(repeating: -88)) == .zero)
    #expect(Elementary.exponential(SIMD4(repeating: -.infinity)) == .zero)
    #expect(Elementary.exponential(SIMD4(repeating: .nan))[0].isNaN)
  }

  @Test("turn logits into nats and gradients", arguments: [1, 2, 7, 8, 9, 1000])
  func crossEntropy(count: Int) throws {
    let x = try random(count, seed: 4)
    for index in 0..<count { x.base[index] *= 20 }
    let label = count / 2
    let logits = (0..<count).map { Double(x.base[$0]) }
    let largest = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - largest) }
    let copy = FloatBuffer(copying: (0..<count).map { x.base[$0] })
    let expected = log(sum) + largest - logits[label]
    #expect(abs(Double(Softmax.nats(copy.base, count, of: label)) - expected) < 1e-5)
    let nats = Softmax.crossEntropy(x.base, count, label: label, scale: 0.25)
    #expect(abs(Double(nats) - expected) < 1e-5)
    for index in 0..<count {
      let share = exp(logits[index] - largest) / sum - (index == label ? 1 : 0)
      #expect(abs(Double(x.base[index]) - share / 4) < 1e-6)
    }
  }

  // Values of `T5Attention._relative_position_bucket` in transformers.
  @Test("put distances into the buckets of T5")
  func buckets() {
    func bucket(_ distance: Int, _ bidirectional: Bool, _ count: Int = 32, _ most: Int = 128) -> Int
    {
      RelativeBias.bucket(
        distance, isBidirectional: bidirectional, count: count, maximumDistance: most)
    }
    let distances = [-200, -128, -91, -64, -32, -16, -8, -7, 0, 1, 7, 8, 11, 12, 16, 23, 64, 127]
    #expect(distances.map { bucket($0, true) } == BucketValues.bidirectional)
    #expect(distances.map { bucket($0, false) } == BucketValues.causal)
  }
}
