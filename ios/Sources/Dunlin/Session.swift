// One version of a model that answers records.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// Answers records with one version of a model. Calls of several tasks and threads wait for each other; more parallelism
    /// is more sessions.
    public final class Session: Sendable {
        /// Name of the model.
        public let modelId: String
        /// What a record must hold, in the schema's order.
        public let features: [Feature]
        /// What the model answers.
        public let outputs: [OutputInfo]
        /// Version of the model that answers now; once this is closed, that which it was opened with.
        public var modelVersion: String { (try? inner.modelVersion()) ?? firstVersion }
        /// Which kernels answer now; once this is closed, those which it was opened with.
        public var kernelSet: String { (try? inner.kernelSet()) ?? firstKernels }
        private let firstVersion: String
        private let firstKernels: String
        let inner: DunlinGenerated.Session
        private let transport: (any Transport)?
        private let activity: Activity
        private let worker = Worker(oneAtATime: true)

        init(
            _ inner: DunlinGenerated.Session, modelId: String, transport: (any Transport)?, activity: Activity
        ) throws {
            self.inner = inner
            self.modelId = modelId
            features = try inner.features()
            outputs = try inner.outputs()
            firstVersion = try inner.modelVersion()
            firstKernels = try inner.kernelSet()
            self.transport = transport
            self.activity = activity
        }

        /// Answers one record and puts the answer on the record. Where the device has no answer, the policy lets it ask
        /// elsewhere and there is a transport, it asks, and waits for at most the policy's deadline, or until it is cancelled.
        ///
        /// - Parameter subject: a person who may ask to be forgotten; the journal keeps a keyed hash of the name.
        /// - Throws: ``DunlinError/record(code:feature:message:)`` when the record is refused, naming the feature; the
        ///   refusal is on the record too.
        public func predict(_ record: Record, for subject: String? = nil) async throws -> Prediction {
            let prediction = try await worker.run { [self] in try answer(record, for: subject) }
            guard let request = prediction.fallback, let transport else { return prediction }
            return await prediction.asked(ask(request, over: transport))
        }

        /// The same for a value whose JSON form is the record.
        public func predict(_ value: some Encodable, for subject: String? = nil) async throws -> Prediction {
            try await predict(Record(value), for: subject)
        }

        /// The same on this thread, for functions that are not asynchronous. It asks nobody elsewhere: what might be asked is
        /// the prediction's `fallback`.
        ///
        /// - Throws: as the other.
        public func predict(_ record: Record, for subject: String? = nil) throws -> Prediction {
            try DunlinError.translating { try answer(record, for: subject) }
        }

        /// Answers many records, in their order, each when it is asked for: neither records nor answers are kept, and a record
        /// that is refused is a failure in its place and ends nothing. Where records come faster than the journal can write,
        /// `predict` loses a row rather than wait, and this waits. Not for the main thread.
        ///
        ///     for answer in session.predictBatch(records) { print((try? answer.get())?.chosenClass?.name ?? "none") }
        ///
        /// Each look at an answer predicts: go through them once. After the session is closed each of them is
        /// ``DunlinError/closed(message:)``.
        public func predictBatch<Records: Sequence>(
            _ records: Records
        ) -> LazyMapSequence<LazySequence<Records>.Elements, Result<Prediction, DunlinError>> where Records.Element == Record {
            records.lazy.map { [self] record in
                activity.noteUse()
                do {
                    return .success(Prediction(try inner.predictPatiently(record: record.builder())))
                } catch {
                    return .failure(DunlinError(error))
                }
            }
        }

        /// Computes the answers to records that are known to come often, in a file of at most so many bytes, which replaces the
        /// model's earlier one. Sessions opened from then on answer such a record without running the model. Nothing of it is in
        /// the journal. Other calls of this session wait until it is done: give it a session of its own.
        ///
        /// - Throws: ``DunlinError/invalidArgument(message:)`` where not even one answer fits, and
        ///   ``DunlinError/storage(message:)`` where the model is held in memory alone, or the file cannot be written.
        public func precompute(_ records: some Sequence<Record>, maxBytes: Int) async throws -> PrecomputeReport {
            activity.noteUse()
            let builders = records.map { $0.builder() }
            let most = UInt64(max(maxBytes, 0))
            return try await worker.run { [inner] in try inner.precompute(records: builders, maxBytes: most) }
        }

        /// Takes in what came of a prediction's `fallback`, once, for an app that sends in its own time.
        ///
        /// - Throws: ``DunlinError/fallback(message:)`` saying what is wrong with it; the device's own answer stands.
        public func resolve(_ prediction: Prediction, _ delivery: Delivery) async throws -> Prediction {
            guard let request = prediction.fallback else {
                throw DunlinError.invalidArgument(message: "this prediction asks nobody elsewhere")
            }
            let resolved = try await worker.run { [inner] in try inner.resolve(request: request, delivery: delivery) }
            return prediction.asked(.success(resolved))
        }

        /// Takes the version that is active now, and the trial that is on now; records and outputs stay those that the session
        /// was opened with. False where nothing has changed. To be called between records where a session lives for days.
        ///
        /// - Throws: ``DunlinError/model(code:message:)`` (`other_records`) when the version cannot take such records: open
        ///   another session then. This one goes on with what it had.
        @discardableResult
        public func renew() async throws -> Bool {
            activity.noteUse()
            return try await worker.run { [inner] in try inner.renew() }
        }

        /// Closes the session, after a call that is under way. Twice is once.
        public func close() throws { try DunlinError.translating { try inner.close() } }

        private func answer(_ record: Record, for subject: String?) throws -> Prediction {
            activity.noteUse()
            let builder = record.builder()
            guard let subject else { return Prediction(try inner.predict(record: builder)) }
            return Prediction(try inner.predictFor(subject: subject, record: builder))
        }

        private func ask(_ request: FallbackRequest, over transport: any Transport) async -> Result<Resolved, DunlinError> {
            let attempt = Attempt(within: Double(request.deadlineMs()) / 1000) { try await transport.send(Upload(request)) }
            let delivery = await withTaskCancellationHandler {
                await attempt.delivery()
            } onCancel: {
                attempt.stop("the app stopped waiting")
            }
            do {
                return .success(try await worker.run { [inner] in try inner.resolve(request: request, delivery: delivery) })
            } catch {
                return .failure(DunlinError(error))
            }
        }
    }
}

extension Dunlin.Upload {
    fileprivate init(_ request: Dunlin.FallbackRequest) {
        self.init(
            id: String(request.id()), path: request.path(), contentType: request.contentType(), contentEncoding: "",
            body: request.body())
    }
}
