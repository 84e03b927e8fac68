// News for the app: alarms that open and clear, and changes of health.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// Something has changed.
    public enum Event: Equatable, Sendable {
        /// Something is the matter with what a model sees or answers.
        case alarmOpened(Alarm)
        /// It no longer is.
        case alarmCleared(Alarm)
        /// A part of the runtime works no more or again, there is a new notice, or another model answers.
        case healthChanged(Health)
    }

    /// A stream of what changes, beginning with what is: the health, and every alarm that is open. It looks every
    /// `Config.eventInterval` seconds and after each install, sync and tick, ends with ``close()``, and is still while Dunlin is
    /// suspended. Of events that nobody takes, the oldest are dropped.
    public func events() -> AsyncStream<Event> {
        let (stream, listener) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(256))
        guard !watch.isOver else {
            listener.finish()
            return stream
        }
        let id = UUID()
        watch.listeners[id] = Listener(tell: listener)
        listener.onTermination = { [weak self] _ in Task { [weak self] in await self?.forgetListener(id) } }
        watch.looking?.cancel()
        watch.looking = Task { [weak self, interval = config.eventInterval] in
            while !Task.isCancelled {
                await self?.look()
                guard self != nil, (try? await Task.sleep(nanoseconds: UInt64(interval * 1e9))) != nil else { return }
            }
        }
        return stream
    }

    /// The health now and whenever it changes; ends with ``close()``. Counters, which move all the time, are no change.
    public func healthChanges() -> AsyncStream<Health> {
        let events = events()
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { told in
            let listening = Task {
                for await case .healthChanged(let health) in events { told.yield(health) }
                told.finish()
            }
            told.onTermination = { _ in listening.cancel() }
        }
    }

    /// Looks for news where somebody listens.
    func look() async {
        guard !watch.listeners.isEmpty, !activity.isSuspended else { return }
        watch.looks += 1
        let (look, runtime, activity) = (watch.looks, runtime, activity)
        let seen = try? await worker.run {
            try activity.unlessSuspended {
                // A journal that cannot be read is what health will tell of.
                try? runtime.tick()
                return Seen(alarms: try? runtime.alarms(), health: try runtime.health())
            }
        }
        // Looks may overtake each other: an older one is no news.
        guard let seen = seen ?? nil, look > watch.lastTold else { return }
        watch.lastTold = look
        for id in watch.listeners.keys { watch.listeners[id]?.take(seen) }
    }

    func stopWatching() {
        watch.isOver = true
        watch.looking?.cancel()
        let listeners = watch.listeners.values
        watch.listeners = [:]
        listeners.forEach { $0.tell.finish() }
    }

    private func forgetListener(_ id: UUID) {
        watch.listeners[id] = nil
        if watch.listeners.isEmpty { watch.looking?.cancel() }
    }
}

/// Who listens, and who looks for them.
struct Watch {
    var listeners: [UUID: Listener] = [:]
    var looking: Task<Void, Never>?
    var looks = 0
    var lastTold = 0
    var isOver = false
}

/// What one look found; no alarms where they could not be read.
struct Seen: Sendable {
    let alarms: [Dunlin.Alarm]?
    let health: Dunlin.Health
}

/// One stream, and what it was told last.
struct Listener {
    let tell: AsyncStream<Dunlin.Event>.Continuation
    private var open: [[String]: Dunlin.Alarm] = [:]
    private var condition: Condition?

    init(tell: AsyncStream<Dunlin.Event>.Continuation) {
        self.tell = tell
    }

    mutating func take(_ seen: Seen) {
        let condition = Condition(seen.health)
        if condition != self.condition {
            self.condition = condition
            tell.yield(.healthChanged(seen.health))
        }
        guard let alarms = seen.alarms else { return }
        let open = Dictionary(alarms.map { (Self.name(of: $0), $0) }, uniquingKeysWith: { _, last in last })
        let before = self.open
        self.open = open
        alarms.filter { before[Self.name(of: $0)] == nil }.forEach { tell.yield(.alarmOpened($0)) }
        before.filter { open[$0.key] == nil }.values.sorted { $0.sinceUs < $1.sinceUs }
            .forEach { tell.yield(.alarmCleared($0)) }
    }

    private static func name(of alarm: Dunlin.Alarm) -> [String] {
        [alarm.modelId, alarm.modelVersion, alarm.kind, alarm.subject]
    }
}

/// Health without its counters, which every prediction moves.
private struct Condition: Equatable {
    let parts: [Dunlin.Part]
    let notices: [Dunlin.Notice]
    let models: [Dunlin.ModelHealth]

    init(_ health: Dunlin.Health) {
        parts = [health.state, health.journal]
        notices = health.notices
        models = health.models
    }
}
