// Following the update channel: over real HTTP from the real server, and over transports that fetch badly or not at all.

import Dunlin
import Foundation
import XCTest

/// A transport that fetches out of a closure, and notes the ranges that were asked for.
private final class Fetching: Dunlin.Transport, @unchecked Sendable {
    private let lock = NSLock()
    private var asked: [String] = []
    private let answer: @Sendable (Dunlin.Fetch) async throws -> Dunlin.Response

    init(_ answer: @escaping @Sendable (Dunlin.Fetch) async throws -> Dunlin.Response) { self.answer = answer }

    var ranges: [String] { lock.withLock { asked } }

    func send(_ upload: Dunlin.Upload) async throws -> Dunlin.Response { Fake.accepted(upload) }

    func fetch(_ fetch: Dunlin.Fetch) async throws -> Dunlin.Response {
        let response = try await answer(fetch)
        if let range = fetch.range { lock.withLock { asked.append(range) } }
        return response
    }
}

final class UpdateTests: XCTestCase {
    private func serving() throws -> Server { try Server(["--channel", Fixture.file("channel").path]) }

    private func following(_ transport: (any Dunlin.Transport)? = nil, timeout: TimeInterval = 20) throws -> Dunlin.Config {
        var config = Dunlin.Config(transport: transport, uploadTimeout: timeout)
        config.updates = try Fixture.updates("stable")
        return config
    }

    func test_a_release_comes_over_real_http_watches_and_answers_when_it_is_promoted() async throws {
        let server = try serving()
        let device = try await Device(config: following(Dunlin.HttpTransport(base: server.url)))
        let session = try await device.dunlin.session("tiny")
        let report = try await device.dunlin.update(link: .unmetered)
        XCTAssertEqual([report.rootVersion, report.channelVersion], [1, 1])
        let update = try XCTUnwrap(report.models.first { $0.modelId == "tiny" })
        XCTAssertEqual(update.outcome, .candidate)
        XCTAssertEqual(update.version, "1.1.0")
        let trials = try await device.dunlin.trials()
        XCTAssertEqual(trials.map(\.stage), ["shadow"])
        XCTAssertNotNil(try JSONSerialization.jsonObject(with: Data(trials[0].figures.utf8)) as? [String: Any])
        let active = try await device.dunlin.activate("tiny")
        XCTAssertEqual(active.version, "1.1.0")
        let renewed = try await session.renew()
        XCTAssertTrue(renewed)
        XCTAssertEqual(session.modelVersion, "1.1.0")
        try await device.dunlin.rollback("tiny")
        let again = try await device.dunlin.session("tiny")
        XCTAssertEqual(again.modelVersion, "1.0.0")
        try await device.end()
    }

    func test_the_snippet_of_the_guide_runs_as_it_stands() async throws {
        let server = try serving()
        let device = try await Device(config: following(Dunlin.HttpTransport(base: server.url)))
        let said = try await updateSnippet(device.dunlin, device.dunlin.session("tiny"))
        XCTAssertTrue(said.contains("tiny: candidate 1.1.0"), "\(said)")
        XCTAssertEqual(said.last, "1.1.0: shadow, wait")
        try await device.end()
    }

    func test_an_update_that_is_cut_off_goes_on_where_it_was() async throws {
        let server = try serving()
        let http = Dunlin.HttpTransport(base: server.url)
        let device = try await Device(config: following())
        let parts = Counter()
        let cut = Fetching { fetch in
            if fetch.range != nil {
                guard parts.value < 2 else { throw Dunlin.TransportError("the tunnel") }
                parts.add()
            }
            return try await http.fetch(fetch)
        }
        let error = await thrown { try await device.dunlin.update(link: .unmetered, transport: cut) }
        XCTAssertEqual(error?.code, "no_answer")
        XCTAssertEqual(error?.message.contains("the tunnel"), true)
        let later = Fetching { try await http.fetch($0) }
        let report = try await device.dunlin.update(link: .unmetered, transport: later)
        XCTAssertEqual(report.models.first { $0.modelId == "tiny" }?.outcome, .candidate)
        let length = try Data(contentsOf: Fixture.file("tiny-1.1.0.dunlin")).count
        XCTAssertEqual(cut.ranges.count + later.ranges.count, (length + 4095) / 4096, "every part was asked for once")
        XCTAssertTrue(Set(cut.ranges).isDisjoint(with: later.ranges))
        try await device.end()
    }

    func test_a_transport_that_throws_hangs_or_cannot_fetch_is_told_and_nothing_has_changed() async throws {
        let device = try await Device(config: following(timeout: 0.3))
        let bad: [(String, any Dunlin.Transport)] = [
            ("no network", Fetching { _ in throw Dunlin.TransportError("no network") }),
            ("CancellationError", Fetching { _ in throw CancellationError() }),
            ("no answer within", Fetching { _ in await never(); throw CancellationError() }),
            ("does not fetch", Fake { Fake.accepted($0) }),
        ]
        for (word, transport) in bad {
            let error = await thrown { try await device.dunlin.update(link: .unmetered, transport: transport) }
            XCTAssertEqual(error?.code, "no_answer", word)
            XCTAssertEqual(error?.message.contains(word), true, "\(String(describing: error))")
        }
        let alone = await thrown { try await device.dunlin.update(link: .unmetered) }
        XCTAssertEqual(alone?.kind, "InvalidArgument")
        let session = try await device.dunlin.session("tiny")
        XCTAssertEqual(session.modelVersion, "1.0.0")
        try await device.end()
    }

    func test_what_is_fetched_is_bounded_as_it_was_asked_for_and_by_its_range() async throws {
        let server = try serving()
        let http = Dunlin.HttpTransport(base: server.url, maxResponseBytes: 10)
        let (path, root) = ("/v1/channel/root/1.json", try Data(contentsOf: Fixture.file("channel/root/1.json")))
        let whole = try await http.fetch(Dunlin.Fetch(path: path, range: nil, maxBytes: 65_536))
        XCTAssertEqual(whole.status, 200)
        XCTAssertEqual(whole.body, root)
        let bundle = try bundlePath()
        let part = try await http.fetch(Dunlin.Fetch(path: "/v1/channel/\(bundle)", range: "bytes=100-199", maxBytes: 100))
        XCTAssertEqual(part.status, 206)
        XCTAssertEqual(part.body, try Data(contentsOf: Fixture.file("channel/\(bundle)")).subdata(in: 100..<200))
        do {
            _ = try await http.fetch(Dunlin.Fetch(path: path, range: nil, maxBytes: UInt64(root.count - 1)))
            XCTFail("more came than was wanted")
        } catch let error as Dunlin.TransportError {
            XCTAssertTrue(error.reason.contains("\(root.count - 1) bytes"), error.reason)
        }
        let usual = Dunlin.HttpTransport(base: server.url)
        let absent = try await usual.fetch(Dunlin.Fetch(path: "/v1/channel/root/2.json", range: nil, maxBytes: 1))
        XCTAssertEqual(absent.status, 404)
    }

    private func bundlePath() throws -> String {
        let folder = try Fixture.file("channel/bundles").path
        return "bundles/" + (try XCTUnwrap(FileManager.default.contentsOfDirectory(atPath: folder).first))
    }
}
