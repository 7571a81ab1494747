// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A plain POSIX thread that runs one closure and is joined by its creator.
///
/// Tasks do not fit: the cooperative pool must not block in `read` or on a condition.
struct WorkerThread: ~Copyable {
  private final class Body {
    let run: () -> Void
    init(run: @escaping () -> Void) { self.run = run }
  }

  private let handle: pthread_t

  /// Starts a thread; `nil` when the system refuses another one.
  init?(_ run: @escaping () -> Void) {
    let body = Unmanaged.passRetained(Body(run: run))
    #if canImport(Darwin)
      var handle: pthread_t?
      let status = pthread_create(
        &handle, nil,
        { argument in
          Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, body.toOpaque())
    #else
      var handle: pthread_t? = pthread_t()
      let status = withUnsafeMutablePointer(to: &handle) { pointer in
        pointer.withMemoryRebound(to: pthread_t.self, capacity: 1) { thread in
          pthread_create(
            thread, nil,
            { argument in
              if let argument {
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
              }
              return nil
            }, body.toOpaque())
        }
      }
    #endif
    guard status == 0, let started = handle else {
      body.release()
      return nil
    }
    self.handle = started
  }

  /// Waits for the closure to return.
  consuming func join() {
    pthread_join(handle, nil)
  }
}
