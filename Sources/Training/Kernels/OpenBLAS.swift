// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// OpenBLAS's matrix product of single precision.
///
/// The library is loaded when a model first asks for it. Linked, it would start threads with every
/// process, which spin for a tenth of a second beside commands that multiply nothing.
struct OpenBLAS: Sendable {
  /// `cblas_sgemm`: the order of the values, whether each factor is transposed, m, n, k, α, the
  /// factors, each with its stride, β, the product and its stride.
  typealias Product =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
      UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
    ) -> Void

  /// Values of the enumerations of CBLAS.
  static let rowMajor: Int32 = 101
  static let notTransposed: Int32 = 111
  static let transposed: Int32 = 112

  let product: Product

  /// The library, on one thread.
  ///
  /// - Throws: ``TrainingError`` (`missing`) if it is not installed.
  static func load() throws(TrainingError) -> OpenBLAS { try loaded.get() }

  private static let loaded = Result { () throws(TrainingError) in try find() }

  private static let names = [
    "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
  ]

  private static func find() throws(TrainingError) -> OpenBLAS {
    for name in names {
      guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL),
        let product = dlsym(library, "cblas_sgemm"),
        let setThreads = dlsym(library, "openblas_set_num_threads")
      else { continue }
      unsafeBitCast(setThreads, to: (@convention(c) (Int32) -> Void).self)(1)
      return OpenBLAS(product: unsafeBitCast(product, to: Product.self))
    }
    throw TrainingError(
      .missing,
      "OpenBLAS is not installed (libopenblas.so.0); install it (Debian: libopenblas0-pthread, "
        + "Homebrew: openblas), or say --kernel portable, which is slower")
  }
}
