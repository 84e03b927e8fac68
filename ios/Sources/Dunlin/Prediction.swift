// An answer as an app sees it.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// A prediction on the record.
    public struct Prediction: Sendable {
        /// Names the prediction for ever; labels and outcomes refer to it.
        public let id: Int64
        /// What to use: the outputs of whoever answered; empty when nobody did.
        public internal(set) var outputs: [Output]
        /// The class answered, for a classification that somebody answered.
        public internal(set) var chosenClass: ChosenClass?
        /// Who answered.
        public internal(set) var answeredBy: AnsweredBy
        /// Whether the model's own answer may be used.
        public let verdict: Verdict
        /// How sure the answer is of its class, 0...1.
        public internal(set) var confidence: Double?
        /// How far the input lies from the training sample, in robust standard deviations.
        public let distance: Double?
        /// Time from record to answer on the device, in microseconds.
        public let latencyUs: UInt64
        /// The model is older than its bundle says it should be.
        public let stale: Bool
        /// A request to a larger model elsewhere that nobody has sent: the asynchronous `predict` sends it where there
        /// is a transport, and leaves none.
        public internal(set) var fallback: FallbackRequest?
        /// Why the answer from elsewhere was none, where one was asked for; the device's own answer stands.
        public internal(set) var fallbackError: DunlinError?

        /// The output of a name, where somebody answered.
        public func output(_ name: String) -> Output? { outputs.first { $0.name == name } }
    }

    /// One output's values.
    public struct Output: Equatable, Sendable {
        /// Its name.
        public let name: String
        /// Its elements, row-major.
        public let values: [Float]
        /// The chosen class of a classification.
        public let chosenClass: ChosenClass?
    }
}

extension Dunlin.Prediction {
    init(_ told: DunlinGenerated.Prediction) {
        id = told.id
        outputs = told.outputs.map(Dunlin.Output.init)
        chosenClass = told.class
        answeredBy = told.answeredBy
        verdict = told.verdict
        confidence = told.confidence
        distance = told.distance
        latencyUs = told.latencyUs
        stale = told.stale
        fallback = told.fallback
    }

    /// The same prediction with what came of asking elsewhere.
    func asked(_ result: Result<Resolved, DunlinError>) -> Self {
        var prediction = self
        prediction.fallback = nil
        switch result {
        case .success(let resolved):
            prediction.outputs = resolved.outputs.map(Dunlin.Output.init)
            prediction.chosenClass = resolved.class
            prediction.confidence = resolved.confidence
            prediction.answeredBy = .cloud
        case .failure(let error):
            prediction.fallbackError = error
        }
        return prediction
    }
}

extension Dunlin.Output {
    init(_ told: DunlinGenerated.Output) {
        name = told.name
        chosenClass = told.class
        values = told.values.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { at in
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at * 4, as: UInt32.self)))
            }
        }
    }
}
