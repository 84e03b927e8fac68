// The link of the device, where Apple's Network framework tells it.

#if canImport(Network)
import Network

extension Dunlin.Link {
    /// The link now, and whenever it changes; `nil` while nothing can be sent.
    public static func changes() -> AsyncStream<Dunlin.Link?> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { links in
            let monitor = NWPathMonitor()
            monitor.pathUpdateHandler = { path in
                let reachable = path.status == .satisfied
                links.yield(.of(reachable: reachable, expensive: path.isExpensive, constrained: path.isConstrained))
            }
            links.onTermination = { _ in monitor.cancel() }
            monitor.start(queue: .global(qos: .utility))
        }
    }

    /// The link now; `nil` while nothing can be sent.
    public static func current() async -> Dunlin.Link? {
        for await link in changes() { return link }
        return nil
    }
}

extension Dunlin {
    /// Syncs whenever the link comes back or gets better, until the task is cancelled or Dunlin is closed.
    public func syncWheneverReachable() async throws {
        for await link in Link.changes() {
            guard let link else { continue }
            try await sync(link: link)
        }
    }
}
#endif
