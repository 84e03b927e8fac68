// Uploads and updates while the app is in the background, when the system finds it convenient.

#if canImport(BackgroundTasks) && canImport(Network) && !os(macOS)
import BackgroundTasks
import Foundation

extension Dunlin {
    /// A background processing task that syncs, and updates where a channel is followed. Its identifier stands in the app's Info.plist under
    /// `BGTaskSchedulerPermittedIdentifiers`, and `processing` under `UIBackgroundModes`.
    public struct BackgroundSync: Sendable {
        public let identifier: String
        /// Least time between two syncs, in seconds.
        public let every: TimeInterval
        /// Only while charging: iOS knows no battery that is not low.
        public let charging: Bool

        public init(identifier: String, every: TimeInterval = 6 * 3600, charging: Bool = true) {
            self.identifier = identifier
            self.every = every
            self.charging = charging
        }

        /// Tells the system what to run; to be called before the app has finished launching, once.
        ///
        /// - Parameter open: gives the app's Dunlin, opening it where the app was started for this task alone.
        /// - Returns: false where the identifier is not in the Info.plist.
        @discardableResult
        public func register(open: @escaping @Sendable () async throws -> Dunlin) -> Bool {
            BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
                let running = Running(task)
                let sync = Task { await running.end(succeeded: self.run(open)) }
                task.expirationHandler = { sync.cancel() }
            }
        }

        /// Asks for the next sync, in place of one that was asked for before.
        public func schedule(after report: SyncReport? = nil) throws {
            let request = BGProcessingTaskRequest(identifier: identifier)
            request.requiresNetworkConnectivity = true
            request.requiresExternalPower = charging
            request.earliestBeginDate = Date(timeIntervalSinceNow: report?.pause(atLeast: every) ?? every)
            try BGTaskScheduler.shared.submit(request)
        }

        /// Syncs, updates where a channel is followed, asks for the next time, and leaves no lock for a frozen app to hold.
        private func run(_ open: @Sendable () async throws -> Dunlin) async -> Bool {
            do {
                // The next time is asked for first: this one may be cut short.
                try schedule()
                guard let link = await Link.current() else { return false }
                let dunlin = try await open()
                let report = try await dunlin.sync(link: link)
                try schedule(after: report)
                // What cannot be had now is had another time, and must not leave the folder's lock to a frozen app.
                let isUpdated = dunlin.config.updates == nil || (try? await dunlin.update(link: link)) != nil
                try await dunlin.suspend()
                return report.trouble == nil && isUpdated
            } catch {
                return false
            }
        }
    }
}

/// The system's task, which knows no concurrency; it is ended once, by the task that syncs.
private final class Running: @unchecked Sendable {
    private let task: BGTask

    init(_ task: BGTask) {
        self.task = task
    }

    func end(succeeded: Bool) {
        task.setTaskCompleted(success: succeeded)
    }
}
#endif
