// How requests are sent, and one attempt to send one.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// How the app sends requests: one method, one request, no retry. It returns whatever answer there was, bounds its size,
    /// does not follow redirects, and may call Dunlin meanwhile. It is given a time, and is cancelled after that.
    public protocol Transport: Sendable {
        /// Sends an upload and returns the answer, whatever its status. An empty `contentEncoding` is no header.
        ///
        /// - Throws: anything, when there was no whole answer; a ``TransportError`` says why.
        func send(_ upload: Upload) async throws -> Response

        /// Fetches a file of the update channel, or a part of one: at most `maxBytes`, with `range` as the value of the header
        /// `Range`. An app that follows no channel need not know how.
        ///
        /// - Throws: as ``send(_:)``, and when the answer is longer than is wanted.
        func fetch(_ fetch: Fetch) async throws -> Response
    }

    /// There was no whole answer.
    public struct TransportError: Error, Equatable, Sendable {
        /// Why, for the log: never a part of the request.
        public let reason: String

        public init(_ reason: String) {
            self.reason = reason
        }
    }
}

extension Dunlin.Transport {
    public func fetch(_ fetch: Dunlin.Fetch) async throws -> Dunlin.Response {
        throw Dunlin.TransportError("the app's transport does not fetch; give it a `fetch`")
    }
}

/// One attempt: it is answered, fails, takes too long or is stopped, whichever comes first.
final class Attempt: @unchecked Sendable {
    private let lock = NSLock()
    private var ended: Dunlin.Delivery?
    private var waiting: [@Sendable (Dunlin.Delivery) -> Void] = []
    private var sending: Task<Void, Never>?
    private var alarm: DispatchWorkItem?

    init(within seconds: TimeInterval, _ ask: @escaping @Sendable () async throws -> Dunlin.Response) {
        // A thread of its own counts the time: a transport that blocks Swift's threads blocks its timers too.
        let alarm = DispatchWorkItem { [weak self] in self?.stop("no answer within \(seconds) s") }
        let sending = Task.detached { [weak self] in
            let delivery: Dunlin.Delivery
            do {
                delivery = .answered(response: try await ask())
            } catch {
                delivery = .failed(reason: Self.reason(error))
            }
            self?.end(delivery)
        }
        lock.withLock { (self.alarm, self.sending) = (alarm, sending) }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: alarm)
    }

    func stop(_ reason: String) {
        end(.failed(reason: reason))
        lock.withLock { sending }?.cancel()
    }

    /// What came of it.
    func delivery() async -> Dunlin.Delivery {
        await withCheckedContinuation { continuation in whenEnded { continuation.resume(returning: $0) } }
    }

    /// The same for a thread that may wait.
    func deliveryBlocking() -> Dunlin.Delivery {
        let semaphore = DispatchSemaphore(value: 0)
        whenEnded { _ in semaphore.signal() }
        semaphore.wait()
        return lock.withLock { ended } ?? .failed(reason: "stopped")
    }

    private func whenEnded(_ act: @escaping @Sendable (Dunlin.Delivery) -> Void) {
        let already = lock.withLock {
            if ended == nil { waiting.append(act) }
            return ended
        }
        if let already { act(already) }
    }

    private func end(_ delivery: Dunlin.Delivery) {
        let waiting = lock.withLock {
            guard ended == nil else { return [@Sendable (Dunlin.Delivery) -> Void]() }
            ended = delivery
            alarm?.cancel()
            defer { self.waiting = [] }
            return self.waiting
        }
        waiting.forEach { $0(delivery) }
    }

    /// An error's description might quote the request: its type alone is told, but for our own, which promises not to.
    private static func reason(_ error: any Error) -> String {
        (error as? Dunlin.TransportError)?.reason ?? "the app's transport threw \(type(of: error))"
    }
}
