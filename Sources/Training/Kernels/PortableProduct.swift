// SPDX-License-Identifier: Apache-2.0

/// A matrix in memory: rows `stride` values apart, read across if `isTransposed`.
struct Operand {
  var base: Floats
  var stride: Int
  var isTransposed = false

  @inline(__always)
  func offset(_ row: Int, _ column: Int) -> Int {
    isTransposed ? column &* stride &+ row : row &* stride &+ column
  }

  /// The part that starts at a row and column.
  func from(row: Int = 0, column: Int = 0) -> Operand {
    Operand(base: base + offset(row, column), stride: stride, isTransposed: isTransposed)
  }
}

/// Matrix products by blocks, on four-lane vectors (after Goto and van de Geijn 2008).
///
/// Every element of the result is the sum of its products in ascending order, 256 at a time: no
/// block size, thread or neighbour can change a bit of it. Multiplications and additions are not
/// contracted, so that all machines agree.
final class PortableProduct {
  private static let depth = 256
  private static let blockRows = 64
  private static let blockColumns = 512
  private let left = FloatBuffer(count: depth * blockRows)
  private let right = FloatBuffer(count: depth * blockColumns)

  /// c (m × n) = scale · a (m × k) · b (k × n), added to what is there if `accumulates`.
  func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, into c: Floats, stride: Int,
    scale: Float, accumulates: Bool
  ) {
    var column = 0
    while column < n {
      let columns = min(Self.blockColumns, n - column)
      var inner = 0
      repeat {
        let depth = min(Self.depth, k - inner)
        packRight(b, inner, depth, column, columns)
        var row = 0
        while row < m {
          let rows = min(Self.blockRows, m - row)
          packLeft(a, row, rows, inner, depth)
          multiplyBlock(
            rows, columns, depth, c + row * stride + column, stride, scale: scale,
            accumulates: accumulates || inner > 0)
          row += rows
        }
        inner += depth
      } while inner < k
      column += columns
    }
  }

  /// Strips of four rows, one depth after another, missing rows zero.
  private func packLeft(_ a: Operand, _ row: Int, _ rows: Int, _ inner: Int, _ depth: Int) {
    let rowStep = a.isTransposed ? 1 : a.stride
    let depthStep = a.isTransposed ? a.stride : 1
    var target = left.base
    for first in stride(from: 0, to: rows, by: 4) {
      let source = a.base + a.offset(row &+ first, inner)
      let count = min(4, rows &- first)
      for index in 0..<depth {
        let at = source + index &* depthStep
        for lane in 0..<count { target[lane] = at[lane &* rowStep] }
        for lane in count..<4 { target[lane] = 0 }
        target += 4
      }
    }
  }

  /// Strips of eight columns, one depth after another, missing columns zero.
  private func packRight(_ b: Operand, _ inner: Int, _ depth: Int, _ column: Int, _ columns: Int) {
    let columnStep = b.isTransposed ? b.stride : 1
    let depthStep = b.isTransposed ? 1 : b.stride
    var target = right.base
    for first in stride(from: 0, to: columns, by: 8) {
      let source = b.base + b.offset(inner, column &+ first)
      let count = min(8, columns &- first)
      for index in 0..<depth {
        let at = source + index &* depthStep
        if count == 8 && columnStep == 1 {
          target[four: 0] = at[four: 0]
          target[four: 4] = at[four: 4]
        } else {
          for lane in 0..<count { target[lane] = at[lane &* columnStep] }
          for lane in count..<8 { target[lane] = 0 }
        }
        target += 8
      }
    }
  }

  private func multiplyBlock(
    _ rows: Int, _ columns: Int, _ depth: Int, _ c: Floats, _ cStride: Int, scale: Float,
    accumulates: Bool
  ) {
    for column in stride(from: 0, to: columns, by: 8) {
      for row in stride(from: 0, to: rows, by: 4) {
        multiplyTile(
          left.base + row &* depth, right.base + column &* depth, depth,
          c + (row &* cStride &+ column), cStride, rows: min(4, rows &- row),
          columns: min(8, columns &- column), scale: scale, accumulates: accumulates)
      }
    }
  }

  /// Four rows by eight columns, held in eight vectors.
  @inline(__always)
  private func multiplyTile(
    _ a: Floats, _ b: Floats, _ depth: Int, _ c: Floats, _ cStride: Int, rows: Int, columns: Int,
    scale: Float, accumulates: Bool
  ) {
    var s00 = SIMD4<Float>.zero
    var s01 = SIMD4<Float>.zero
    var s10 = SIMD4<Float>.zero
    var s11 = SIMD4<Float>.zero
    var s20 = SIMD4<Float>.zero
    var s21 = SIMD4<Float>.zero
    var s30 = SIMD4<Float>.zero
    var s31 = SIMD4<Float>.zero
    var a = a
    var b = b
    for _ in 0..<depth {
      let b0 = b[four: 0]
      let b1 = b[four: 4]
      let a0 = SIMD4<Float>(repeating: a[0])
      s00 = s00 + a0 * b0
      s01 = s01 + a0 * b1
      let a1 = SIMD4<Float>(repeating: a[1])
      s10 = s10 + a1 * b0
      s11 = s11 + a1 * b1
      let a2 = SIMD4<Float>(repeating: a[2])
      s20 = s20 + a2 * b0
      s21 = s21 + a2 * b1
      let a3 = SIMD4<Float>(repeating: a[3])
      s30 = s30 + a3 * b0
      s31 = s31 + a3 * b1
      a += 4
      b += 8
    }
    store(s00, s01, c, columns, scale, accumulates)
    if rows > 1 { store(s10, s11, c + cStride, columns, scale, accumulates) }
    if rows > 2 { store(s20, s21, c + 2 &* cStride, columns, scale, accumulates) }
    if rows > 3 { store(s30, s31, c + 3 &* cStride, columns, scale, accumulates) }
  }

  @inline(__always)
  private func store(
    _ first: SIMD4<Float>, _ second: SIMD4<Float>, _ c: Floats, _ columns: Int, _ scale: Float,
    _ accumulates: Bool
  ) {
    let first = first * scale
    let second = second * scale
    if columns == 8 {
      c[four: 0] = accumulates ? c[four: 0] + first : first
      c[four: 4] = accumulates ? c[four: 4] + second : second
    } else {
      for lane in 0..<columns {
        let value = lane < 4 ? first[lane] : second[lane &- 4]
        c[lane] = accumulates ? c[lane] + value : value
      }
    }
  }
}
