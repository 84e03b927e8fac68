// Sending what waits, and fetching what is new.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// Sends what waits, until nothing may be sent for now. Where the task is cancelled it stops, keeps what it was sending, and
    /// reports what it has done.
    ///
    /// - Parameter transport: how; that of the ``Config`` if left out.
    /// - Throws: ``DunlinError/storage(message:)``, and ``DunlinError/invalidArgument(message:)`` without a transport. What
    ///   could not be sent is no error: the report tells of it.
    @discardableResult
    public func sync(link: Link, transport: (any Transport)? = nil) async throws -> SyncReport {
        try await sending(over: transport) { try $0.sync(transport: $1, link: link) }
    }

    /// Follows the update channel of the ``Config`` once: what is recalled goes, and the newest release that this device may take
    /// is fetched, verified and installed as a candidate, or as the active bundle where its model has none. Where the task is
    /// cancelled it stops; what was fetched is kept, and the next call goes on from there.
    ///
    /// - Parameter transport: how; that of the ``Config`` if left out.
    /// - Throws: ``DunlinError/update(code:message:)`` saying what stood in the way, ``DunlinError/busy(message:)`` while another
    ///   update is on, ``DunlinError/invalidArgument(message:)`` without a channel or a transport.
    @discardableResult
    public func update(link: Link, transport: (any Transport)? = nil) async throws -> UpdateReport {
        try await sending(over: transport) { try $0.update(transport: $1, link: link) }
    }

    /// Calls the library with a transport that can be stopped: by the caller's cancellation, and by `close()`.
    private func sending<T: Sendable>(
        over transport: (any Transport)?, _ act: @escaping @Sendable (Runtime, BlockingTransport) throws -> T
    ) async throws -> T {
        guard let transport = transport ?? config.transport else {
            throw DunlinError.invalidArgument(message: "there is nothing to send with: set `transport` when Dunlin is opened")
        }
        let (id, bridge) = (UUID(), BlockingTransport(transport, timeout: config.uploadTimeout))
        syncs[id] = bridge
        defer { forgetSync(id) }
        let report = try await withTaskCancellationHandler {
            try await call { try act($0, bridge) }
        } onCancel: {
            bridge.stop("the app stopped it")
        }
        await look()
        return report
    }

    private func forgetSync(_ id: UUID) {
        syncs[id] = nil
        guard syncs.isEmpty else { return }
        waitingForSyncs.forEach { $0.resume() }
        waitingForSyncs = []
    }

    /// What is to be sent now, for an app that sends in its own time: a background URLSession, for example.
    ///
    /// - Throws: ``DunlinError/storage(message:)``; nothing may be sent then.
    public func nextUpload(link: Link) async throws -> NextUpload {
        try await call { try $0.nextUpload(link: link) }
    }

    /// Takes in what came of an upload.
    ///
    /// - Throws: ``DunlinError/storage(message:)``; the upload is then sent again, and the receiver counts it once.
    @discardableResult
    public func reportUpload(_ id: String, _ delivery: Delivery) async throws -> Reported {
        try await call { try $0.reportUpload(id: id, delivery: delivery) }
    }

    /// Forgets every wait and pause of uploading: a new token, another network.
    ///
    /// - Throws: ``DunlinError/storage(message:)``.
    public func resumeUploads() async throws {
        try await call { try $0.resumeUploads() }
    }
}

extension Dunlin.Link {
    /// What a network path means for uploads; nothing can be sent without one. A person who asked the system to save data has
    /// a metered link.
    package static func of(reachable: Bool, expensive: Bool, constrained: Bool) -> Dunlin.Link? {
        guard reachable else { return nil }
        return expensive || constrained ? .metered : .unmetered
    }
}

extension Dunlin.SyncReport {
    /// How long to leave it before the next sync, in seconds: as long as must be waited, and at least `atLeast`.
    package func pause(atLeast seconds: TimeInterval) -> TimeInterval {
        max(seconds, Double(waitMs ?? 0) / 1000)
    }
}

/// An app's transport as the library calls it: on a thread that may wait.
final class BlockingTransport: DunlinGenerated.Transport, @unchecked Sendable {
    private let transport: any Dunlin.Transport
    private let timeout: TimeInterval
    private let lock = NSLock()
    private var attempt: Attempt?
    private var stopped: String?

    init(_ transport: any Dunlin.Transport, timeout: TimeInterval) {
        self.transport = transport
        self.timeout = timeout
    }

    func send(upload: Dunlin.Upload) throws -> Dunlin.Response {
        try exchange { [transport] in try await transport.send(upload) }
    }

    func fetch(fetch: Dunlin.Fetch) throws -> Dunlin.Response {
        try exchange { [transport] in try await transport.fetch(fetch) }
    }

    private func exchange(_ ask: @escaping @Sendable () async throws -> Dunlin.Response) throws -> Dunlin.Response {
        let attempt: Attempt? = lock.withLock {
            guard stopped == nil else { return nil }
            let attempt = Attempt(within: timeout, ask)
            self.attempt = attempt
            return attempt
        }
        switch attempt?.deliveryBlocking() ?? .failed(reason: lock.withLock { stopped } ?? "stopped") {
        case .answered(let response): return response
        case .failed(let reason): throw DunlinGenerated.TransportError.NoAnswer(reason: reason)
        }
    }

    /// Ends the attempt that is under way, and every later one before it begins.
    func stop(_ reason: String) {
        let attempt = lock.withLock {
            stopped = reason
            return self.attempt
        }
        attempt?.stop(reason)
    }
}
