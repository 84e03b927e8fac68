// Many records, and answers computed in advance.

import Dunlin
import Foundation
import XCTest

final class BatchTests: XCTestCase {
    private func aged(_ age: Int) -> Dunlin.Record {
        Dunlin.Record(json: #"{"age": \#(age), "visits": 4, "colour": "blue", "member": true, "income": 1800}"#)
    }

    func testABatchIsAnsweredInItsOrderAndARefusedRecordEndsNothing() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        let alone = try await session.predict(aged(35))
        let answers = Array(session.predictBatch([aged(35), Dunlin.Record(json: "{}"), aged(35)]))
        XCTAssertEqual(try answers[2].get().chosenClass, alone.chosenClass)
        guard answers.count == 3, case .failure(.record(_, _, _)) = answers[1] else {
            return XCTFail("\(answers)")
        }
        try await device.end()
    }

    func testABatchLosesNoRowHoweverFastItIs() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        let record = aged(35)
        let answered = session.predictBatch(repeatElement(record, count: 20_000)).reduce(0) { sum, answer in
            if case .success = answer { sum + 1 } else { sum }
        }
        try await device.dunlin.flush()
        let counters = try await device.dunlin.health().counters
        XCTAssertEqual([UInt64(answered), counters["journal.predictions"], counters["journal.dropped_full"] ?? 0], [20_000, 20_000, 0])
        try await device.end()
    }

    func testABatchOfAClosedSessionSaysSo() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        try session.close()
        for answer in session.predictBatch([aged(35)]) {
            guard case .failure(.closed) = answer else { return XCTFail("\(answer)") }
        }
        try await device.end()
    }

    func testWhatIsComputedInAdvanceIsFoundAndToldAsSuch() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        _ = try await session.predict(aged(35))
        let given = [aged(35), aged(36), aged(35), Dunlin.Record(json: "[]")]
        let report = try await session.precompute(given, maxBytes: 100_000)
        XCTAssertEqual([report.records, report.kept, report.repeated, report.refused], [4, 2, 1, 1])
        let error = await thrown { try await session.precompute([aged(35)], maxBytes: -1) }
        guard case .invalidArgument = error else { return XCTFail("\(String(describing: error))") }
        let later = try await device.dunlin.session("tiny")
        var by: [Dunlin.AnsweredBy] = []
        for age in 35...37 { by.append(try await later.predict(aged(age)).answeredBy) }
        XCTAssertEqual(by, [.cache, .cache, .model])
        try await device.end()
    }
}
