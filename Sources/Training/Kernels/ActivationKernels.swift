// SPDX-License-Identifier: Apache-2.0

/// An activation and its derivative on four values.
protocol ActivationKernel {
  static func value(_ x: SIMD4<Float>) -> SIMD4<Float>
  static func derivative(_ x: SIMD4<Float>) -> SIMD4<Float>
}

/// x Φ(x)
enum ExactGELU: ActivationKernel {
  @inline(__always)
  static func value(_ x: SIMD4<Float>) -> SIMD4<Float> { x * Elementary.normalShare(x).share }

  /// Φ(x) + x φ(x)
  @inline(__always)
  static func derivative(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let (share, bell) = Elementary.normalShare(x)
    return share + x * bell * 0.398_942_28
  }
}

/// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))
enum TanhGELU: ActivationKernel {
  @inline(__always)
  private static func tangent(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let cubic: SIMD4<Float> = x * x * x * 0.044_715
    return Elementary.hyperbolicTangent((x + cubic) * 0.797_884_56)
  }

  @inline(__always)
  static func value(_ x: SIMD4<Float>) -> SIMD4<Float> { x * 0.5 * (1 + tangent(x)) }

  @inline(__always)
  static func derivative(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let t = tangent(x)
    let slope: SIMD4<Float> = (x * x * 0.134_145 + 1) * 0.797_884_56
    let bent: SIMD4<Float> = x * 0.5 * (1 - t * t) * slope
    return (1 + t) * 0.5 + bent
  }
}

/// max(0, x)
enum Rectifier: ActivationKernel {
  @inline(__always)
  static func value(_ x: SIMD4<Float>) -> SIMD4<Float> {
    x.replacing(with: 0, where: x .<= SIMD4<Float>.zero)
  }

  @inline(__always)
  static func derivative(_ x: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4<Float>(repeating: 1).replacing(with: 0, where: x .<= SIMD4<Float>.zero)
  }
}

/// tanh(x)
enum Tangent: ActivationKernel {
  @inline(__always)
  static func value(_ x: SIMD4<Float>) -> SIMD4<Float> { Elementary.hyperbolicTangent(x) }

  @inline(__always)
  static func derivative(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let t = Elementary.hyperbolicTangent(x)
    return 1 - t * t
  }
}
