// Sessions and runtimes from the beginning to after the end, from one task and from many.

import Dunlin
import XCTest

final class LifetimeTests: XCTestCase {
    func test_one_session_serves_many_tasks_and_every_answer_is_on_the_record_once() async throws {
        let device = try await Device()
        let (session, record) = (try await device.dunlin.session("every"), try Fixture.good())
        let expected = try await session.predict(record).outputs
        let ids = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var ids: [Int64] = []
                    for _ in 0..<50 {
                        let prediction = try await session.predict(record)
                        XCTAssertEqual(prediction.outputs, expected)
                        ids.append(prediction.id)
                    }
                    return ids
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        XCTAssertEqual(Set(ids).count, 400)
        try await device.end()
    }

    func test_one_session_serves_threads_that_wait_beside_tasks() async throws {
        let device = try await Device()
        let (session, record) = (try await device.dunlin.session("every"), try Fixture.good())
        let failures = Counter()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<50 where (try? session.predict(record))?.chosenClass?.name != "yes" { failures.add() }
        }
        XCTAssertEqual(failures.value, 0)
        try await device.end()
    }

    func test_after_close_every_call_is_closed_and_closing_again_is_nothing() async throws {
        let device = try await Device()
        let (dunlin, record) = (device.dunlin, try Fixture.good())
        let session = try await dunlin.session("every")
        let id = try await session.predict(record).id
        try await dunlin.close()
        try await dunlin.close()
        let bundle = try Fixture.file("tiny-1.0.0.dunlin")
        let calls: [() async throws -> Void] = [
            { _ = try await session.predict(record) },
            { _ = try blocking(session, record) },
            { _ = try await dunlin.session("every") },
            { try await dunlin.installShipped(bundle) },
            { try await dunlin.install(bundle) },
            { try await dunlin.installCandidate(bundle) },
            { try await dunlin.activate("tiny") },
            { try await dunlin.rollback("tiny") },
            { try await dunlin.reject("tiny") },
            { _ = try await dunlin.trials() },
            { try await dunlin.update(link: .unmetered, transport: Files()) },
            { try await session.renew() },
            { try await dunlin.label(id, "yes") },
            { try await dunlin.outcome(id, name: "clicked", true) },
            { try await dunlin.forget("somebody") },
            { _ = try await dunlin.health() },
            { _ = try await dunlin.alarms() },
            { try await dunlin.tick() },
            { try await dunlin.flush() },
            { try await dunlin.suspend() },
            { try await dunlin.resumeUploads() },
            { _ = try await dunlin.nextUpload(link: .unmetered) },
            { try await dunlin.reportUpload("1", .failed(reason: "late")) },
        ]
        for (at, call) in calls.enumerated() {
            let error = await thrown(call)
            XCTAssertEqual(error?.isClosed, true, "call \(at): \(String(describing: error))")
        }
        try session.close()
        var events = await dunlin.events().makeAsyncIterator()
        let event = await events.next()
        XCTAssertNil(event)
    }

    func test_a_closed_session_is_closed_alone() async throws {
        let device = try await Device()
        let (session, other) = (try await device.dunlin.session("every"), try await device.dunlin.session("every"))
        let record = try Fixture.good()
        try session.close()
        try session.close()
        let error = await thrown { try await session.predict(record) }
        XCTAssertEqual(error?.isClosed, true)
        let answered = try await other.predict(record)
        XCTAssertEqual(answered.answeredBy, .model)
        try await device.end()
    }

    func test_closing_while_others_predict_lets_each_finish_or_be_closed() async throws {
        let device = try await Device()
        let (session, record) = (try await device.dunlin.session("every"), try Fixture.good())
        let predicting = (0..<4).map { _ in
            Task {
                do {
                    while true { _ = try await session.predict(record) }
                } catch { return (error as? DunlinError)?.isClosed == true }
            }
        }
        try await Task.sleep(nanoseconds: 20_000_000)
        try await device.dunlin.close()
        for task in predicting {
            let endedClosed = await task.value
            XCTAssertTrue(endedClosed)
        }
    }

    func test_a_session_finishes_on_its_version_whatever_is_installed_meanwhile() async throws {
        let device = try await Device()
        let before = try await device.dunlin.session("tiny")
        let report = try await device.dunlin.install(Fixture.file("tiny-1.1.0.dunlin"))
        XCTAssertEqual(report.outcome, .activated)
        let after = try await device.dunlin.session("tiny")
        XCTAssertEqual(before.modelVersion, "1.0.0")
        XCTAssertEqual(after.modelVersion, "1.1.0")
        // The app that ships with an older one is started again.
        let shipped = try await device.dunlin.installShipped(Fixture.file("tiny-0.9.0.dunlin"))
        XCTAssertEqual(shipped.outcome, .passedOver)
        let still = try await device.dunlin.session("tiny")
        XCTAssertEqual(still.modelVersion, "1.1.0")
        try await device.end()
    }

    func test_what_cannot_be_a_call_is_told() async throws {
        let device = try await Device(models: false)
        let missing = await thrown { try await device.dunlin.session("nothing") }
        XCTAssertEqual(missing?.kind, "NotInstalled")
        guard case .notInstalled("nothing", _)? = missing else { return XCTFail("\(String(describing: missing))") }
        let remote = try XCTUnwrap(URL(string: "https://example.org/tiny.dunlin"))
        let far = await thrown { try await device.dunlin.install(remote) }
        XCTAssertEqual(far?.kind, "InvalidArgument")
        let alone = await thrown { try await device.dunlin.sync(link: .unmetered) }
        XCTAssertEqual(alone?.kind, "InvalidArgument")
        let noKey = await thrown {
            try await Dunlin.open(folder: device.folder, keys: [Dunlin.TrustedKey(name: "a", publicKey: "no key")])
        }
        XCTAssertEqual(noKey?.kind, "InvalidArgument")
        XCTAssertThrowsError(try Dunlin.TrustedKey(contentsOf: device.folder))
        XCTAssertEqual(noKey?.errorDescription, noKey?.message)
        try await device.end()
    }

    func test_a_folder_that_is_none_opens_all_the_same_and_health_says_so() async throws {
        let file = try Device.newFolder().appendingPathComponent("file")
        try Data("not a folder".utf8).write(to: file)
        let dunlin = try await Dunlin.open(folder: file, keys: Fixture.keys())
        let report = try await dunlin.installShipped(Fixture.file("every-1.0.0.dunlin"))
        XCTAssertEqual(report.outcome, .heldInMemory)
        let prediction = try await dunlin.session("every").predict(Fixture.good())
        XCTAssertEqual(prediction.answeredBy, .model)
        let health = try await dunlin.health()
        XCTAssertFalse(health.ok)
        // What could not be written is told, and it is closed all the same.
        let lost = await thrown { try await dunlin.close() }
        XCTAssertEqual(lost?.kind, "Storage")
        let error = await thrown { try await dunlin.health() }
        XCTAssertEqual(error?.isClosed, true)
    }

    func test_thousands_of_sessions_opened_and_left_cost_no_memory() async throws {
        let device = try await Device()
        let record = try Fixture.good()
        let round = {
            for _ in 0..<400 {
                let session = try await device.dunlin.session("every")
                _ = try await session.predict(record)
            }
        }
        try await round()
        let before = try residentBytes()
        for _ in 0..<4 { try await round() }
        let grown = try residentBytes() - before
        print("1,600 sessions: \(grown / 1024) KiB more resident")
        XCTAssertLessThan(grown, 8 << 20)
        try await device.end()
    }

    private func residentBytes() throws -> Int {
        #if os(Linux)
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return try XCTUnwrap(Int(pages)) * 4096
        #else
        throw XCTSkip("resident memory is read from /proc")
        #endif
    }
}

private func blocking(_ session: Dunlin.Session, _ record: Dunlin.Record) throws -> Dunlin.Prediction {
    try session.predict(record)
}

/// A number that several threads count up.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    var value: Int { lock.withLock { count } }

    func add() { lock.withLock { count += 1 } }
}
