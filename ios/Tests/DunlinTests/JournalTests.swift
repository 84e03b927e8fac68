// Labels, outcomes, people who are forgotten, news, the log.

import Dunlin
import XCTest

final class JournalTests: XCTestCase {
    func test_labels_and_outcomes_are_taken_and_wrong_ones_are_refused() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("every")
        let id = try await session.predict(Fixture.good()).id
        try await device.dunlin.label(id, "yes")
        try await device.dunlin.label(id, 1)
        try await device.dunlin.label(id, 0.5)
        try await device.dunlin.outcome(id, name: "clicked", true)
        let counters = try await device.dunlin.health().counters
        XCTAssertTrue(counters.isEmpty == false, "\(counters)")
        let nan = await thrown { try await device.dunlin.label(id, .number(value: .nan)) }
        XCTAssertEqual(nan?.kind, "InvalidArgument")
        let nobody = await thrown { try await device.dunlin.label(-1, "yes") }
        XCTAssertEqual(nobody?.kind, "InvalidArgument")
        try await device.end()
    }

    func test_a_person_is_forgotten_once_and_nobody_else_is() async throws {
        let device = try await Device()
        let (session, record) = (try await device.dunlin.session("every"), try Fixture.good())
        for _ in 0..<3 { _ = try await session.predict(record, for: "somebody") }
        _ = try session.predictHere(record, for: "somebody")
        _ = try await session.predict(record, for: "somebody else")
        let forgotten = try await device.dunlin.forget("somebody")
        XCTAssertEqual(forgotten, 4)
        let again = try await device.dunlin.forget("somebody")
        XCTAssertEqual(again, 0)
        let other = try await device.dunlin.forget("somebody else")
        XCTAssertEqual(other, 1)
        try await device.end()
    }

    func test_a_stream_begins_with_what_is_and_tells_what_changes() async throws {
        let device = try await Device(models: false)
        let stream = await device.dunlin.events()
        var events = stream.makeAsyncIterator()
        let first = await events.next()
        guard case .healthChanged(let empty)? = first else { return XCTFail("\(String(describing: first))") }
        XCTAssertTrue(empty.ok && empty.models.isEmpty)
        try await device.dunlin.installShipped(Fixture.file("tiny-1.0.0.dunlin"))
        var healths = await device.dunlin.healthChanges().makeAsyncIterator()
        let health = await healths.next()
        XCTAssertEqual(health?.models.map(\.modelId), ["tiny"])
        let second = await events.next()
        guard case .healthChanged(let one)? = second else { return XCTFail("\(String(describing: second))") }
        XCTAssertEqual(one.models.map(\.modelId), ["tiny"])
        try await device.dunlin.close()
        let end = await events.next()
        XCTAssertNil(end)
        let over = await healths.next()
        XCTAssertNil(over)
        try FileManager.default.removeItem(at: device.folder)
    }

    func test_an_alarm_that_opens_is_told_once_to_every_listener() async throws {
        let config = Dunlin.Config(monitor: Dunlin.MonitorWindow(rows: 50))
        let device = try await Device(config: config)
        let (one, two) = (await device.dunlin.events(), await device.dunlin.events())
        // Nothing but the same seven: that is not what the model was trained on.
        let (session, seven) = (try await device.dunlin.session("digits"), try Fixture.record("digits_reads_a_7"))
        for _ in 0..<400 { _ = try await session.predict(seven) }
        try await device.dunlin.tick()
        let open = try await device.dunlin.alarms()
        XCTAssertFalse(open.isEmpty, "the data have moved")
        try await device.dunlin.tick()
        try await device.dunlin.close()
        for stream in [one, two] {
            var told: [Dunlin.Alarm] = []
            for await event in stream { if case .alarmOpened(let alarm) = event { told.append(alarm) } }
            let name = { (alarm: Dunlin.Alarm) in "\(alarm.kind) \(alarm.subject)" }
            XCTAssertEqual(told.map(name).sorted(), open.map(name).sorted())
            XCTAssertTrue(told.allSatisfy { !$0.what.isEmpty && !$0.howSure.isEmpty && !$0.whatToDo.isEmpty })
        }
        try FileManager.default.removeItem(at: device.folder)
    }

    func test_a_suspended_folder_is_free_for_another_until_the_next_call() async throws {
        let device = try await Device(config: Dunlin.Config(eventInterval: 0.05))
        let session = try await device.dunlin.session("every")
        _ = try await session.predict(Fixture.good())
        let stream = await device.dunlin.events()
        try await device.dunlin.suspend()
        // Listeners are there, and must not take the folder again.
        try await Task.sleep(nanoseconds: 300_000_000)
        let other = try await Dunlin.open(folder: device.folder, keys: Fixture.keys())
        let health = try await other.health()
        XCTAssertTrue(health.ok, "\(health)")
        try await other.close()
        let prediction = try await session.predict(Fixture.good())
        XCTAssertEqual(prediction.answeredBy, .model)
        try await device.dunlin.suspend()
        try await device.dunlin.suspend()
        withExtendedLifetime(stream) {}
        try await device.end()
    }

    func test_what_the_library_logs_reaches_a_sink_which_must_not_call_back() async throws {
        let sink = Sink()
        try Dunlin.setLogSink(sink, maxLevel: .trace)
        defer { try? Dunlin.setLogSink(nil) }
        let device = try await Device()
        let session = try await device.dunlin.session("every")
        sink.session = session
        _ = await thrown { try await device.dunlin.install(Fixture.file("untrusted.dunlin")) }
        try await device.dunlin.close()
        XCTAssertGreaterThan(sink.records, 0)
        XCTAssertEqual(sink.unexpected, 0, "every call from a sink is an invalid argument")
        try FileManager.default.removeItem(at: device.folder)
    }
}

extension Dunlin.Session {
    /// From a function that is not asynchronous, as an app's own would be.
    func predictHere(_ record: Dunlin.Record, for subject: String? = nil) throws -> Dunlin.Prediction {
        try predict(record, for: subject)
    }
}

private final class Sink: Dunlin.LogSink, @unchecked Sendable {
    private let lock = NSLock()
    private var heard = (records: 0, unexpected: 0)
    private var toCall: Dunlin.Session?

    var session: Dunlin.Session? {
        get { lock.withLock { toCall } }
        set { lock.withLock { toCall = newValue } }
    }
    var records: Int { lock.withLock { heard.records } }
    var unexpected: Int { lock.withLock { heard.unexpected } }

    func log(level _: Dunlin.LogLevel, target: String, message: String) {
        lock.withLock { heard.records += target.isEmpty || message.isEmpty ? 0 : 1 }
        guard let session else { return }
        do {
            try session.close()
            lock.withLock { heard.unexpected += 1 }
        } catch {
            guard case .invalidArgument? = error as? DunlinError else { return lock.withLock { heard.unexpected += 1 } }
        }
    }
}
