// The door of the SDK: one folder, its models, its journal.

import DunlinGenerated
import Foundation

/// On-device predictions that can be trusted: signed models, guarded answers, every answer on the record, and no network
/// needed.
///
/// Nothing here waits on one of Swift's own threads, and every call may come from any task. What is thrown is a
/// ``DunlinError``. After ``close()`` every call throws ``DunlinError/closed(message:)``.
public actor Dunlin {
    let runtime: Runtime
    let worker: Worker
    let activity: Activity
    let config: Config
    var watch = Watch()
    var syncs: [UUID: BlockingTransport] = [:]
    var waitingForSyncs: [CheckedContinuation<Void, Never>] = []

    init(runtime: Runtime, worker: Worker, config: Config) {
        self.runtime = runtime
        self.worker = worker
        self.config = config
        activity = Activity()
    }

    /// Opens a folder, making it where it is not there. A folder that cannot be read or written is no error: predictions
    /// are answered all the same, and ``health()`` says what is degraded.
    ///
    /// - Parameters:
    ///   - folder: a folder of Dunlin's own; `dunlin` in Application Support if left out.
    ///   - keys: the keys whose signatures count.
    ///   - config: how it remembers, watches, sends and asks elsewhere.
    /// - Throws: ``DunlinError/invalidArgument(message:)`` when the text of a key is none, or two keys have one name.
    public static func open(
        folder: URL? = nil,
        keys: [TrustedKey],
        config: Config = Config()
    ) async throws -> Dunlin {
        SystemLog.installOnce()
        let folder = try Folder.prepared(folder)
        let given = config.given(folder: folder, keys: keys)
        let worker = Worker()
        let runtime = try await worker.run { try Runtime.open(config: given) }
        return Dunlin(runtime: runtime, worker: worker, config: config)
    }

    /// Installs the bundle that the app ships with; to be called at every start. One that is older than what was ever
    /// accepted is passed over: the report says ``InstallOutcome/passedOver``, and nothing has changed.
    ///
    /// - Throws: ``DunlinError/refused(code:message:)`` naming what is wrong; the model that was active stays active.
    @discardableResult
    public func installShipped(_ bundle: URL) async throws -> InstallReport {
        let path = try Folder.path(of: bundle)
        return try await changed { try $0.installShipped(path: path) }
    }

    /// Installs a bundle that came from outside, after every check. It answers in sessions opened from now on.
    ///
    /// - Throws: as ``installShipped(_:)``; an older one is refused.
    @discardableResult
    public func install(_ bundle: URL) async throws -> InstallReport {
        let path = try Folder.path(of: bundle)
        return try await changed { try $0.install(path: path) }
    }

    /// A session of a model's active version. It finishes on that version, unless that is thrown out, or the session renewed.
    ///
    /// - Throws: ``DunlinError/notInstalled(modelId:message:)``, or ``DunlinError/model(code:message:)`` when the model's
    ///   file cannot be verified or loaded.
    public func session(_ modelId: String) async throws -> Session {
        let (transport, activity) = (config.transport, activity)
        return try await call {
            try Session($0.session(modelId: modelId), modelId: modelId, transport: transport, activity: activity)
        }
    }

    /// Closes the sessions, ends the streams of events, writes everything and closes the folder. A sync that is under way
    /// is stopped: what it was sending stays, and is sent another time. Closing twice is closing once. When it has returned, the
    /// folder is free.
    ///
    /// - Throws: ``DunlinError/storage(message:)`` when something cannot be written; it is closed all the same.
    public func close() async throws {
        stopWatching()
        syncs.values.forEach { $0.stop("the runtime is closed") }
        let runtime = runtime
        let closed: Result<Void, any Error>
        do { closed = .success(try await worker.run { try runtime.close() }) } catch { closed = .failure(error) }
        // A sync that was under way holds the folder until it has come back.
        while !syncs.isEmpty { await withCheckedContinuation { waitingForSyncs.append($0) } }
        try closed.get()
    }

    /// Runs one call of the library.
    func call<T: Sendable>(_ act: @escaping @Sendable (Runtime) throws -> T) async throws -> T {
        activity.noteUse()
        let runtime = runtime
        return try await worker.run { try act(runtime) }
    }

    /// A call after which others may answer, which is news.
    func changed<T: Sendable>(_ act: @escaping @Sendable (Runtime) throws -> T) async throws -> T {
        let report = try await call(act)
        await look()
        return report
    }
}
