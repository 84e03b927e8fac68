// Threads on which a call may wait, so that none of Swift's own has to.

import Foundation

/// Runs blocking calls away from the threads that Swift's tasks share.
struct Worker: Sendable {
    private let queue: DispatchQueue

    /// - Parameter oneAtATime: calls wait for each other in line, without a thread each.
    init(oneAtATime: Bool = false) {
        queue = DispatchQueue(label: "dev.dunlin.worker", attributes: oneAtATime ? [] : .concurrent)
    }

    func run<T: Sendable>(_ call: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try DunlinError.translating(call) }) }
        }
    }
}

/// Whether the folder was given back to the system, and nothing has been asked since.
final class Activity: @unchecked Sendable {
    private let lock = NSLock()
    private var suspended = false
    /// Held while somebody looks for news or gives the folder back: a look would take the folder again.
    private let gate = NSLock()

    var isSuspended: Bool { lock.withLock { suspended } }

    func noteUse() { lock.withLock { suspended = false } }

    func suspend(_ act: () throws -> Void) rethrows {
        try gate.withLock {
            lock.withLock { suspended = true }
            try act()
        }
    }

    /// Does something, unless the folder was given back.
    func unlessSuspended<T>(_ act: () throws -> T) rethrows -> T? {
        try gate.withLock { isSuspended ? nil : try act() }
    }
}
