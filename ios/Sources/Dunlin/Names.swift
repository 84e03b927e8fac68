// The plain values of the library, under the names that apps use.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// A key whose signatures count: a name of the app's choosing, and the text of a minisign `.pub` file.
    public typealias TrustedKey = DunlinGenerated.TrustedKey
    /// What an installation came to.
    public typealias InstallReport = DunlinGenerated.InstallReport
    /// What an installation came to, in a word.
    public typealias InstallOutcome = DunlinGenerated.InstallOutcome
    /// What a record must or may hold.
    public typealias Feature = DunlinGenerated.Feature
    /// The kinds of value that a record can hold.
    public typealias FeatureType = DunlinGenerated.FeatureType
    /// Type of a tensor's elements, which are little-endian.
    public typealias DType = DunlinGenerated.DType
    /// What the journal may keep of a value.
    public typealias PrivacyClass = DunlinGenerated.PrivacyClass
    /// One output of a model.
    public typealias OutputInfo = DunlinGenerated.OutputInfo
    /// How an output's numbers are to be read.
    public typealias OutputTask = DunlinGenerated.OutputTask
    /// Whether the model's answer may be used.
    public typealias Verdict = DunlinGenerated.Verdict
    /// Why the guard abstained.
    public typealias Reason = DunlinGenerated.Reason
    /// Who answered a record.
    public typealias AnsweredBy = DunlinGenerated.AnsweredBy
    /// The class that a classification chose.
    public typealias ChosenClass = DunlinGenerated.ChosenClass
    /// What was computed in advance.
    public typealias PrecomputeReport = DunlinGenerated.PrecomputeReport
    /// A label's or an outcome's value; a literal will do.
    public typealias Scalar = DunlinGenerated.Scalar
    /// What works, what does not, since when, and what to do about it.
    public typealias Health = DunlinGenerated.Health
    /// Whether one part of the runtime does its work.
    public typealias Part = DunlinGenerated.Part
    /// Something that a person should know.
    public typealias Notice = DunlinGenerated.Notice
    /// One installed model.
    public typealias ModelHealth = DunlinGenerated.ModelHealth
    /// Something that is the matter with what a model sees or answers: what, how sure, what to do.
    public typealias Alarm = DunlinGenerated.Alarm
    /// Whether somebody should act.
    public typealias Severity = DunlinGenerated.Severity
    /// The link that the app has now.
    public typealias Link = DunlinGenerated.Link
    /// One request: `POST {base}{path}` with these headers and this body.
    public typealias Upload = DunlinGenerated.Upload
    /// An answer of the receiver, or of whatever stands between.
    public typealias Response = DunlinGenerated.Response
    /// What came of sending a request.
    public typealias Delivery = DunlinGenerated.Delivery
    /// What is to be done about uploads now.
    public typealias NextUpload = DunlinGenerated.NextUpload
    /// What became of an attempt.
    public typealias Reported = DunlinGenerated.Reported
    /// What one sync did.
    public typealias SyncReport = DunlinGenerated.SyncReport
    /// A request to a larger model elsewhere.
    public typealias FallbackRequest = DunlinGenerated.FallbackRequest
    /// When a row is on the disk.
    public typealias Durability = DunlinGenerated.Durability
    /// What the journal may hold; the oldest predictions go first.
    public typealias Retention = DunlinGenerated.Retention
    /// When a window of the monitor closes: at whichever comes first.
    public typealias MonitorWindow = DunlinGenerated.MonitorWindow
    /// When a prediction may ask a larger model elsewhere, and with what.
    public typealias FallbackPolicy = DunlinGenerated.FallbackPolicy
    /// A reason of abstention that may ask.
    public typealias AskOn = DunlinGenerated.AskOn
    /// Somebody who may answer where a model abstains.
    public typealias FallbackStep = DunlinGenerated.FallbackStep
    /// What a trial asks of a new version.
    public typealias TrialPolicy = DunlinGenerated.TrialPolicy
    /// How a trial stands.
    public typealias TrialReport = DunlinGenerated.TrialReport
    /// Who answers after a change by hand.
    public typealias Switch = DunlinGenerated.Switch
    /// Which update channel is followed, and what it may cost.
    public typealias UpdatePolicy = DunlinGenerated.UpdatePolicy
    /// What one update found and did.
    public typealias UpdateReport = DunlinGenerated.UpdateReport
    /// What the channel meant for a model.
    public typealias ModelUpdate = DunlinGenerated.ModelUpdate
    /// What became of a model in an update.
    public typealias UpdateOutcome = DunlinGenerated.UpdateOutcome
    /// One request: `GET {base}{path}`.
    public typealias Fetch = DunlinGenerated.Fetch
    /// How much a log record matters.
    public typealias LogLevel = DunlinGenerated.LogLevel
    /// Where log records go. It may be called from any thread, and must not call Dunlin itself.
    public typealias LogSink = DunlinGenerated.LogSink
}

extension Dunlin.TrustedKey {
    /// The key in a minisign `.pub` file, under the file's name without its extension.
    ///
    /// - Throws: ``DunlinError/invalidArgument(message:)`` when the file cannot be read as text.
    public init(contentsOf file: URL) throws {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw DunlinError.invalidArgument(message: "\(file.lastPathComponent) cannot be read as a key: ship the .pub file")
        }
        self.init(name: file.deletingPathExtension().lastPathComponent, publicKey: text)
    }
}

extension Dunlin.Scalar: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral
{
    public init(booleanLiteral value: Bool) { self = .boolean(value: value) }
    public init(integerLiteral value: Int64) { self = .integer(value: value) }
    public init(floatLiteral value: Double) { self = .number(value: value) }
    public init(stringLiteral value: String) { self = .text(value: value) }
}
