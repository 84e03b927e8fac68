// What the app tells the journal, and what it reads from it.

import DunlinGenerated

extension Dunlin {
    /// Says what was right. The last label of a prediction stands.
    ///
    /// - Throws: ``DunlinError/invalidArgument(message:)`` when the id is not that of a prediction (where that can be
    ///   known) or the value cannot be kept; ``DunlinError/storage(message:)`` when it is lost.
    public func label(_ id: Int64, _ value: Scalar) async throws {
        try await call { try $0.label(id: id, value: value) }
    }

    /// Says what came of a prediction, under a name of the app's choosing. The last value of a name stands.
    ///
    /// - Throws: as ``label(_:_:)``, and when the name is too long.
    public func outcome(_ id: Int64, name: String, _ value: Scalar) async throws {
        try await call { try $0.outcome(id: id, name: name, value: value) }
    }

    /// Deletes every prediction made for a person, and tells how many there were.
    ///
    /// - Throws: ``DunlinError/storage(message:)``; nothing may have been deleted then.
    @discardableResult
    public func forget(_ subject: String) async throws -> UInt64 {
        try await call { try $0.forget(subject: subject) }
    }

    /// What works, what does not, since when, and what to do about it.
    public func health() async throws -> Health {
        try await call { try $0.health() }
    }

    /// The alarms that are open, oldest first.
    ///
    /// - Throws: ``DunlinError/storage(message:)`` when the journal cannot be read.
    public func alarms() async throws -> [Alarm] {
        try await call { try $0.alarms() }
    }

    /// Does what is due by the clock; to be called now and then. Whoever listens to ``events()`` need not.
    ///
    /// - Throws: ``DunlinError/storage(message:)``; what is due stays due.
    public func tick() async throws {
        try await call { try $0.tick() }
        await look()
    }

    /// Writes everything so far and forces it to the disk.
    ///
    /// - Throws: ``DunlinError/storage(message:)``; what is lost is counted.
    public func flush() async throws {
        try await call { try $0.flush() }
    }

    /// Writes everything, and gives the folder's lock back: to be called before the system freezes the app, which it kills
    /// where a frozen app holds a lock on a file. The next call takes the lock again; the streams of events are still until
    /// then.
    ///
    /// - Throws: as ``flush()``.
    public func suspend() async throws {
        let (runtime, activity) = (runtime, activity)
        try await worker.run { try activity.suspend { try runtime.suspend() } }
    }
}
