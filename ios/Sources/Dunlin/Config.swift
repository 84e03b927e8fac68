// What the app decides when it opens Dunlin.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// How Dunlin remembers, watches, sends and asks elsewhere. What is left out is as in the runtime itself.
    public struct Config: Sendable {
        /// How uploads and the fallback are sent; nothing is without one. ``sync(link:transport:)`` may be given another.
        public var transport: (any Transport)?
        /// How soon rows reach the disk; batched if left out.
        public var durability: Durability?
        /// How long rows stay.
        public var retention: Retention?
        /// How large the monitor's windows are.
        public var monitor: MonitorWindow?
        /// When a prediction may ask a larger model elsewhere; never if left out.
        public var fallback: FallbackPolicy?
        /// Who answers where a model abstains, by the model's name, in place of what its bundle declares.
        public var fallbackChains: [String: [FallbackStep]]
        /// How a new version of a model is tried beside the proven one.
        public var trial: TrialPolicy?
        /// Which bundles the app admits, as the JSON text of its policy; all if left out.
        public var admission: String?
        /// Which update channel ``update(link:transport:)`` follows; none if left out.
        public var updates: UpdatePolicy?
        /// How often a stream of events looks for news, in seconds.
        public var eventInterval: TimeInterval
        /// How long one request of a sync or an update may take, in seconds; after that it counts as not answered.
        public var uploadTimeout: TimeInterval

        public init(
            transport: (any Transport)? = nil,
            durability: Durability? = nil,
            retention: Retention? = nil,
            monitor: MonitorWindow? = nil,
            fallback: FallbackPolicy? = nil,
            fallbackChains: [String: [FallbackStep]] = [:],
            trial: TrialPolicy? = nil,
            admission: String? = nil,
            updates: UpdatePolicy? = nil,
            eventInterval: TimeInterval = 30,
            uploadTimeout: TimeInterval = 60
        ) {
            self.transport = transport
            self.durability = durability
            self.retention = retention
            self.monitor = monitor
            self.fallback = fallback
            self.fallbackChains = fallbackChains
            self.trial = trial
            self.admission = admission
            self.updates = updates
            self.eventInterval = eventInterval
            self.uploadTimeout = uploadTimeout
        }
    }
}

extension Dunlin.Config {
    func given(folder: String, keys: [Dunlin.TrustedKey]) -> DunlinGenerated.Config {
        DunlinGenerated.Config(
            folder: folder, keys: keys, durability: durability, retention: retention, monitor: monitor, fallback: fallback,
            fallbackChains: fallbackChains, trial: trial, admission: admission, updates: updates)
    }
}
