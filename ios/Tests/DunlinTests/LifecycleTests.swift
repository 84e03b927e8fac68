// What becomes of a model's versions, step by step: the lifecycles that every language runs.

import Dunlin
import Foundation
import XCTest

struct Lifecycle: Decodable {
    struct Trial: Decodable {
        let shadow_share: Double
        let shadow_cpu: Double
        let min_compared: UInt64
    }

    struct Step: Decodable {
        let `do`: String
        let bundle: String?
        let record: JSON?
        let times: Int?
        let link: String?
        let outcome: String?
        let version: String?
        let recalled: Int?
        let changed: Bool?
        let answered_by: String?
        let error: ExpectedError?
        let answers: String?
        let active: String?
        let stage: String?
    }

    let name: String
    let chain: [String]?
    let admission: JSON?
    let channel: String?
    let steps: [Step]

    func config(_ trial: Trial) throws -> Dunlin.Config {
        var config = Dunlin.Config(durability: .sync)
        config.trial = Dunlin.TrialPolicy(
            shadowShare: trial.shadow_share, shadowCpu: trial.shadow_cpu, minCompared: trial.min_compared)
        if let chain {
            let steps: [String: Dunlin.FallbackStep] = ["previous": .previous, "baseline": .baseline, "cloud": .cloud]
            config.fallbackChains = ["tiny": try chain.map { try XCTUnwrap(steps[$0]) }]
        }
        config.admission = try admission.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        config.updates = try channel.map { try Fixture.updates($0) }
        return config
    }
}

extension Fixture {
    /// Follows a channel of the fixture, for `tiny` too where it is not installed.
    static func updates(_ channel: String) throws -> Dunlin.UpdatePolicy {
        let root = try Data(contentsOf: file("channel/root/1.json"))
        return Dunlin.UpdatePolicy(root: root, channel: channel, models: ["tiny"])
    }
}

/// The fixture's channels, as a server would hand them out.
struct Files: Dunlin.Transport {
    func send(_ upload: Dunlin.Upload) async throws -> Dunlin.Response {
        throw Dunlin.TransportError("nothing is to be sent here")
    }

    func fetch(_ fetch: Dunlin.Fetch) async throws -> Dunlin.Response {
        let file = try Fixture.file(String(fetch.path.dropFirst("/v1/".count)))
        guard let whole = try? Data(contentsOf: file) else { return Dunlin.Response(status: 404, body: Data()) }
        guard let range = fetch.range else { return Dunlin.Response(status: 200, body: whole) }
        let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        return Dunlin.Response(status: 206, body: whole.subdata(in: ends[0]..<ends[1] + 1))
    }
}

final class LifecycleTests: XCTestCase {
    func test_every_lifecycle_goes_as_it_must() async throws {
        let cases = try Fixture.cases()
        XCTAssertGreaterThanOrEqual(cases.lifecycles.count, 14)
        for lifecycle in cases.lifecycles {
            let device = try await Device(config: lifecycle.config(cases.trial), models: false)
            var session: Dunlin.Session?
            for (at, step) in lifecycle.steps.enumerated() {
                let place = "\(lifecycle.name), step \(at): \(step.do)"
                await check(step, place) { try await self.act(device.dunlin, session, step, place) }
                let now = try? await device.dunlin.session("tiny")
                XCTAssertEqual(now?.modelVersion, step.active, place)
                session = session ?? now
                let stage = try await device.dunlin.trials().first?.stage
                XCTAssertEqual(stage, step.stage, place)
                if let answers = step.answers { XCTAssertEqual(session?.modelVersion, answers, place) }
            }
            try await device.end()
        }
    }

    func test_an_admission_that_is_no_policy_is_refused_when_dunlin_is_opened() async throws {
        let folder = try Device.newFolder()
        let config = Dunlin.Config(admission: #"{"license": []}"#)
        let error = await thrown { try await Dunlin.open(folder: folder, keys: Fixture.keys(), config: config) }
        XCTAssertEqual(error?.kind, "InvalidArgument")
        XCTAssertEqual(error?.message.contains("license"), true)
    }

    func test_a_session_that_is_closed_is_not_renewed_and_still_knows_its_version() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        try session.close()
        let error = await thrown { try await session.renew() }
        XCTAssertEqual(error?.isClosed, true)
        XCTAssertEqual(session.modelVersion, "1.0.0")
        try await device.end()
    }

    private func check(_ step: Lifecycle.Step, _ place: String, _ act: () async throws -> Void) async {
        do {
            try await act()
            XCTAssertNil(step.error, place)
        } catch let error as DunlinError {
            XCTAssertEqual(step.error, ExpectedError(error), "\(place): \(error)")
        } catch {
            XCTFail("\(place): \(error) is not the SDK's own")
        }
    }

    private func act(
        _ dunlin: Dunlin, _ session: Dunlin.Session?, _ step: Lifecycle.Step, _ place: String
    ) async throws {
        let bundle = try step.bundle.map { try Fixture.file($0) } ?? URL(fileURLWithPath: "/")
        func came(_ outcome: some Any) { XCTAssertEqual("\(outcome)", step.outcome.map(lowerCamel), place) }
        func switched(_ to: Dunlin.Switch) { XCTAssertEqual(to.version, step.version, place) }
        switch step.do {
        case "install": came(try await dunlin.install(bundle).outcome)
        case "install_shipped": came(try await dunlin.installShipped(bundle).outcome)
        case "install_candidate": came(try await dunlin.installCandidate(bundle).outcome)
        case "activate": switched(try await dunlin.activate("tiny"))
        case "rollback": switched(try await dunlin.rollback("tiny"))
        case "reject": switched(try await dunlin.reject("tiny"))
        case "renew":
            let changed = try await XCTUnwrap(session).renew()
            XCTAssertEqual(changed, step.changed, place)
        case "predict":
            let (session, record) = (try XCTUnwrap(session), try Dunlin.Record(XCTUnwrap(step.record)))
            for _ in 0..<(step.times ?? 0) {
                let by = try await session.predict(record).answeredBy
                if let expected = step.answered_by { XCTAssertEqual("\(by)", expected, place) }
            }
        case "update":
            let report = try await dunlin.update(link: step.link == "metered" ? .metered : .unmetered, transport: Files())
            let model = try XCTUnwrap(report.models.first)
            came(model.outcome)
            if let version = step.version { XCTAssertEqual(model.version, version, place) }
            XCTAssertEqual(model.recalled.count, step.recalled ?? 0, place)
        default: XCTFail("\(step.do) is no step of a lifecycle")
        }
    }

    private func lowerCamel(_ name: String) -> String { name.prefix(1).lowercased() + name.dropFirst() }
}
