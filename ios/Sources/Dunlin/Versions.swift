// What people do with a model's versions by hand: try one, promote it, go back, and ask how a trial stands.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// Installs a bundle to be tried: after every check it becomes the candidate of its model, and watches in sessions opened
    /// from now on; what they see decides on it. The first bundle of a model becomes the active one.
    ///
    /// - Throws: as ``install(_:)``.
    @discardableResult
    public func installCandidate(_ bundle: URL) async throws -> InstallReport {
        let path = try Folder.path(of: bundle)
        return try await changed { try $0.installCandidate(path: path) }
    }

    /// Makes a model's candidate the active one by hand; its trial goes on with the roles exchanged.
    ///
    /// - Throws: ``DunlinError/refused(code:message:)`` (`no_candidate`) when there is none.
    @discardableResult
    public func activate(_ modelId: String) async throws -> Switch {
        try await changed { try $0.activate(modelId: modelId) }
    }

    /// Throws a model's active version out by hand: the previous one answers from now on, also in sessions that are open, and
    /// neither that sequence nor a lower one is taken again here.
    ///
    /// - Throws: ``DunlinError/refused(code:message:)`` (`no_previous`) when there is none to go back to.
    @discardableResult
    public func rollback(_ modelId: String) async throws -> Switch {
        try await changed { try $0.rollback(modelId: modelId) }
    }

    /// Throws a model's candidate out by hand.
    ///
    /// - Throws: ``DunlinError/refused(code:message:)`` (`no_candidate`) when there is none.
    @discardableResult
    public func reject(_ modelId: String) async throws -> Switch {
        try await changed { try $0.reject(modelId: modelId) }
    }

    /// How the trials stand that are on, by model.
    ///
    /// - Throws: ``DunlinError/storage(message:)`` when the registry or the journal cannot be read.
    public func trials() async throws -> [TrialReport] {
        try await call { try $0.trials() }
    }
}
