// Transports that work, throw, hang, call back, and close what calls them; and the fallback over them.

import Dunlin
import XCTest

/// A transport out of a closure that counts its calls.
struct Fake: Dunlin.Transport {
    let calls = Counter()
    let answer: @Sendable (Dunlin.Upload) async throws -> Dunlin.Response

    func send(_ upload: Dunlin.Upload) async throws -> Dunlin.Response {
        calls.add()
        return try await answer(upload)
    }

    /// As a receiver would that takes everything.
    static func accepted(_ upload: Dunlin.Upload) -> Dunlin.Response {
        let body = #"{"id": "\#(upload.id)", "receipt": "accepted"}"#
        return Dunlin.Response(status: 200, body: Data(body.utf8))
    }
}

private struct Odd: Error {}

/// Dunlin as a transport finds it: opened after it.
private actor Later {
    private var value: Dunlin?

    func set(_ dunlin: Dunlin) { value = dunlin }

    func get() -> Dunlin? { value }
}

final class TransportTests: XCTestCase {
    func test_what_waits_is_sent_once() async throws {
        let transport = Fake { Fake.accepted($0) }
        let device = try await Device.withSummary(transport)
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 1])
        XCTAssertNil(report.trouble)
        XCTAssertEqual(report.pause(atLeast: 60), 60)
        let again = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual(again.attempts, 0)
        XCTAssertEqual(transport.calls.value, 1)
        try await device.end()
    }

    func test_what_a_transport_throws_is_told_without_its_text_and_the_upload_is_kept() async throws {
        let transport = Fake { _ in throw Odd() }
        let device = try await Device.withSummary(transport)
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 0])
        XCTAssertEqual(report.trouble?.contains("Odd"), true, "\(report)")
        XCTAssertGreaterThan(report.waitMs ?? 0, 0)
        XCTAssertGreaterThan(report.pause(atLeast: 0), 0)
        try await device.dunlin.resumeUploads()
        guard case .send(let upload) = try await device.dunlin.nextUpload(link: .unmetered) else {
            return XCTFail("the upload is gone")
        }
        let reported = try await device.dunlin.reportUpload(upload.id, .answered(response: Fake.accepted(upload)))
        XCTAssertEqual(reported, .accepted)
        let unknown = try await device.dunlin.reportUpload(upload.id, .failed(reason: "late"))
        XCTAssertEqual(unknown, .unknown)
        try await device.end()
    }

    func test_a_transport_that_says_why_is_quoted() async throws {
        let device = try await Device.withSummary(Fake { _ in throw Dunlin.TransportError("no network") })
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual(report.trouble?.contains("no network"), true, "\(report)")
        try await device.end()
    }

    func test_a_transport_that_hangs_deaf_to_its_cancellation_is_given_up() async throws {
        let device = try await Device.withSummary(Fake { await never(); return Fake.accepted($0) }, uploadTimeout: 0.2)
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 0])
        XCTAssertEqual(report.trouble?.contains("no answer within"), true, "\(report)")
        let session = try await device.dunlin.session("every")
        let prediction = try await session.predict(Fixture.good())
        XCTAssertEqual(prediction.answeredBy, .model)
        try await device.end()
    }

    func test_a_cancelled_sync_stops_keeps_its_upload_and_says_so() async throws {
        let transport = Fake { await never(); return Fake.accepted($0) }
        let device = try await Device.withSummary(transport, uploadTimeout: 600)
        let sync = Task { try await device.dunlin.sync(link: .unmetered) }
        while transport.calls.value == 0 { try await Task.sleep(nanoseconds: 5_000_000) }
        sync.cancel()
        let report = try await sync.value
        XCTAssertEqual(report.trouble?.contains("stopped"), true, "\(report)")
        try await device.dunlin.resumeUploads()
        guard case .send = try await device.dunlin.nextUpload(link: .unmetered) else {
            return XCTFail("the upload is gone")
        }
        try await device.end()
    }

    func test_closing_stops_a_sync_that_hangs() async throws {
        let transport = Fake { await never(); return Fake.accepted($0) }
        let device = try await Device.withSummary(transport, uploadTimeout: 600)
        let sync = Task { try await device.dunlin.sync(link: .unmetered) }
        while transport.calls.value == 0 { try await Task.sleep(nanoseconds: 5_000_000) }
        try await device.dunlin.close()
        let report = try? await sync.value
        XCTAssertNotEqual(report?.accepted, 1)
        // Nothing is lost: the next opening finds it, and sends it.
        let later = try await Device(folder: device.folder, models: false)
        try await later.dunlin.resumeUploads()
        let sent = try await later.dunlin.sync(link: .unmetered, transport: Fake { Fake.accepted($0) })
        XCTAssertEqual(sent.accepted, 1)
        try await later.end()
    }

    func test_a_transport_may_call_the_dunlin_that_calls_it() async throws {
        let later = Later()
        let record = try Fixture.good()
        let transport = Fake { upload in
            let dunlin = try XCTUnwrapped(await later.get())
            guard try await dunlin.health().ok else { throw Odd() }
            _ = try await dunlin.session("every").predict(record)
            try await dunlin.flush()
            try await dunlin.tick()
            return Fake.accepted(upload)
        }
        let device = try await Device.withSummary(transport)
        await later.set(device.dunlin)
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 1], "\(report)")
        try await device.end()
    }

    func test_a_transport_may_even_close_the_dunlin_that_calls_it() async throws {
        let later = Later()
        let closed = Counter()
        let transport = Fake { upload in
            try await later.get()?.close()
            closed.add()
            return Fake.accepted(upload)
        }
        let device = try await Device.withSummary(transport)
        await later.set(device.dunlin)
        // Closing stops the sync, so that its upload stays; what matters is that both come back.
        _ = try? await device.dunlin.sync(link: .unmetered)
        while closed.value == 0 { try await Task.sleep(nanoseconds: 5_000_000) }
        let error = await thrown { try await device.dunlin.health() }
        XCTAssertEqual(error?.isClosed, true)
        let again = try await Device(folder: device.folder, models: false)
        let health = try await again.dunlin.health()
        XCTAssertTrue(health.ok, "\(health)")
        try await again.end()
    }

    func test_a_path_of_the_network_is_a_link_or_none() {
        XCTAssertNil(Dunlin.Link.of(reachable: false, expensive: false, constrained: false))
        XCTAssertEqual(Dunlin.Link.of(reachable: true, expensive: false, constrained: false), .unmetered)
        XCTAssertEqual(Dunlin.Link.of(reachable: true, expensive: true, constrained: false), .metered)
        XCTAssertEqual(Dunlin.Link.of(reachable: true, expensive: false, constrained: true), .metered)
    }
}

final class FallbackTests: XCTestCase {
    private static let unsure = "every_is_unsure_near_one_half"

    private static func config(_ transport: (any Dunlin.Transport)? = nil, deadlineMs: UInt64 = 300) -> Dunlin.Config {
        Dunlin.Config(transport: transport, fallback: Dunlin.FallbackPolicy(deadlineMs: deadlineMs))
    }

    /// Answers an inference request of `every`, and says how sure it is of `yes`.
    private static func inference(_ upload: Dunlin.Upload, side: Double) throws -> Dunlin.Response {
        let request = try JSONSerialization.jsonObject(with: upload.body) as? [String: Any]
        let output = { (name: String, value: Double) in
            ["name": name, "datatype": "FP32", "shape": [1, 1], "data": [value]] as [String: Any]
        }
        let body: [String: Any] = [
            "model_name": "every", "id": request?["id"] ?? "",
            "outputs": [output("sum", 3.5), output("side", side), output("inverse", 0.1)],
        ]
        return Dunlin.Response(status: 200, body: try JSONSerialization.data(withJSONObject: body))
    }

    func test_what_the_device_cannot_answer_is_asked_elsewhere_and_awaited() async throws {
        let transport = Fake { try FallbackTests.inference($0, side: 0.9) }
        let device = try await Device(config: Self.config(transport))
        let session = try await device.dunlin.session("every")
        let asked = try await session.predict(Fixture.record(Self.unsure))
        XCTAssertEqual(asked.answeredBy, .cloud)
        XCTAssertEqual(asked.chosenClass?.name, "yes")
        XCTAssertEqual(asked.output("sum")?.values, [3.5])
        XCTAssertNil(asked.fallback)
        XCTAssertNil(asked.fallbackError)
        guard case .abstain = asked.verdict else { return XCTFail("the verdict stays the model's: \(asked)") }
        let sure = try await session.predict(Fixture.good())
        XCTAssertEqual(sure.answeredBy, .model)
        XCTAssertEqual(transport.calls.value, 1)
        try await device.end()
    }

    func test_no_answer_from_elsewhere_leaves_the_devices_own() async throws {
        let answers: [@Sendable (Dunlin.Upload) async throws -> Dunlin.Response] = [
            { _ in throw Dunlin.TransportError("no network") },
            { _ in throw Odd() },
            { _ in Dunlin.Response(status: 503, body: Data()) },
            { _ in Dunlin.Response(status: 200, body: Data("<html>hotel</html>".utf8)) },
            { await never(); return Fake.accepted($0) },
        ]
        for (at, answer) in answers.enumerated() {
            let device = try await Device(config: Self.config(Fake(answer: answer)))
            let session = try await device.dunlin.session("every")
            let own = try await session.predict(Fixture.record(Self.unsure))
            XCTAssertEqual(own.answeredBy, .nobody, "answer \(at)")
            XCTAssertEqual(own.fallbackError?.kind, "Fallback", "answer \(at): \(own)")
            try await device.end()
        }
    }

    func test_who_stops_waiting_for_an_answer_from_elsewhere_has_the_devices_own() async throws {
        let transport = Fake { await never(); return Fake.accepted($0) }
        let device = try await Device(config: Self.config(transport, deadlineMs: 600_000))
        let (session, record) = (try await device.dunlin.session("every"), try Fixture.record(Self.unsure))
        let asking = Task { try await session.predict(record) }
        while transport.calls.value == 0 { try await Task.sleep(nanoseconds: 5_000_000) }
        asking.cancel()
        let own = try await asking.value
        XCTAssertEqual(own.answeredBy, .nobody)
        XCTAssertEqual(own.fallbackError?.message.contains("stopped waiting"), true, "\(own)")
        try await device.end()
    }

    func test_without_a_transport_or_a_task_the_request_is_handed_over() async throws {
        let device = try await Device(config: Self.config())
        let session = try await device.dunlin.session("every")
        let prediction = try session.predictHere(Fixture.record(Self.unsure))
        let request = try XCTUnwrap(prediction.fallback)
        let mayLeave = session.features.filter(\.mayLeave).map(\.name)
        XCTAssertTrue(request.features().contains("n") && request.features().allSatisfy(mayLeave.contains), "\(request.features())")
        let upload = Dunlin.Upload(
            id: String(request.id()), path: request.path(), contentType: request.contentType(), contentEncoding: "",
            body: request.body())
        let delivery = Dunlin.Delivery.answered(response: try Self.inference(upload, side: 0.1))
        let resolved = try await session.resolve(prediction, delivery)
        XCTAssertEqual(resolved.chosenClass?.name, "no")
        XCTAssertEqual(resolved.answeredBy, .cloud)
        let twice = await thrown { try await session.resolve(prediction, delivery) }
        XCTAssertEqual(twice?.kind, "Fallback")
        let nobody = await thrown { try await session.resolve(resolved, delivery) }
        XCTAssertEqual(nobody?.kind, "InvalidArgument")
        let awaited = try await session.predict(Fixture.record(Self.unsure))
        XCTAssertNotNil(awaited.fallback)
        try await device.end()
    }
}

/// Returns when the process ends, whoever cancels.
@Sendable func never() async {
    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
}

private struct NotThere: Error {}

private func XCTUnwrapped<T>(_ value: T?) throws -> T {
    guard let value else { throw NotThere() }
    return value
}
