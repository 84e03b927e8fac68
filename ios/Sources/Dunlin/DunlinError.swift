// The one error of the SDK, and the one place where the library's errors become it.

import DunlinGenerated
import Foundation

/// Why a call did not do what it was asked to. Each message names the culprit and says what to do, without a user's data.
public enum DunlinError: Error, Equatable, Sendable {
    /// The record is refused. `code` is a short name for machines (`missing`, `wrong_type`, `out_of_domain`, ...), `feature`
    /// the one at fault, where it is one.
    case record(code: String, feature: String?, message: String)
    /// A bundle, or a change of who answers, is refused (`unknown_signer`, `older`, `no_candidate`, ...); the model that was
    /// active stays active.
    case refused(code: String, message: String)
    /// No model of this name is installed.
    case notInstalled(modelId: String, message: String)
    /// The model cannot be loaded, or its engine failed.
    case model(code: String, message: String)
    /// The folder or one of its databases cannot be read or written.
    case storage(message: String)
    /// What came back for a fallback request is no answer; the device's own answer stands.
    case fallback(message: String)
    /// The runtime or the session has been closed.
    case closed(message: String)
    /// The call itself is wrong.
    case invalidArgument(message: String)
    /// Another call is inside: of `update`; other calls wait for each other.
    case busy(message: String)
    /// A defect of the library, stopped before it could reach the app.
    case `internal`(message: String)
    /// The update channel could not be followed to its end (`no_answer`, `status`, `expired`, ...); the present models answer on.
    case update(code: String, message: String)

    /// What is wrong and what to do.
    public var message: String {
        switch self {
        case .record(_, _, let message), .refused(_, let message), .notInstalled(_, let message), .model(_, let message),
            .storage(let message), .fallback(let message), .closed(let message), .invalidArgument(let message),
            .busy(let message), .internal(let message), .update(_, let message):
            return message
        }
    }
}

extension DunlinError: LocalizedError {
    public var errorDescription: String? { message }
}

extension DunlinError {
    /// What the library or Swift threw, as the one error of the SDK.
    init(_ error: any Error) {
        switch error {
        case let own as DunlinError: self = own
        case let told as DunlinGenerated.DunlinError: self.init(told: told)
        default: self = .internal(message: "a defect of Dunlin, please report it: \(error)")
        }
    }

    private init(told: DunlinGenerated.DunlinError) {
        switch told {
        case .Record(let code, let feature, let message): self = .record(code: code, feature: feature, message: message)
        case .Refused(let code, let message): self = .refused(code: code, message: message)
        case .NotInstalled(let modelId, let message): self = .notInstalled(modelId: modelId, message: message)
        case .Model(let code, let message): self = .model(code: code, message: message)
        case .Storage(let message): self = .storage(message: message)
        case .Fallback(let message): self = .fallback(message: message)
        case .Closed(let message): self = .closed(message: message)
        case .InvalidArgument(let message): self = .invalidArgument(message: message)
        case .Busy(let message): self = .busy(message: message)
        case .Internal(let message): self = .internal(message: message)
        case .Update(let code, let message): self = .update(code: code, message: message)
        }
    }

    /// Runs a call of the library, whose errors become this one.
    static func translating<T>(_ call: () throws -> T) throws -> T {
        do { return try call() } catch { throw DunlinError(error) }
    }
}
