// The cases that every language runs.

import Dunlin
import XCTest

final class GoldenCaseTests: XCTestCase {
    func test_every_case_comes_out_as_it_was_worked_out() async throws {
        let (device, cases) = (try await Device(), try Fixture.cases())
        var sessions: [String: Dunlin.Session] = [:]
        for model in cases.models.keys { sessions[model] = try await device.dunlin.session(model) }
        XCTAssertGreaterThanOrEqual(cases.cases.count, 40)
        for it in cases.cases {
            let (session, record) = (try XCTUnwrap(sessions[it.model]), try it.asRecord())
            await check(it) { try await session.predict(record) }
            await check(it) { try blocking(session, record) }
        }
        try await device.end()
    }

    func test_every_installation_comes_out_as_it_must() async throws {
        let installs = try Fixture.cases().installs
        XCTAssertGreaterThanOrEqual(installs.count, 8)
        for it in installs {
            let device = try await Device(models: false)
            for bundle in it.before ?? [] { try await device.dunlin.installShipped(Fixture.file(bundle)) }
            let bundle = try Fixture.file(it.bundle)
            do {
                let shipped = it.source == "shipped"
                let report = try await shipped ? device.dunlin.installShipped(bundle) : device.dunlin.install(bundle)
                XCTAssertEqual(it.expect, Install.Report(report), it.name)
            } catch let error as DunlinError {
                XCTAssertEqual(it.error, ExpectedError(error), "\(it.name): \(error)")
            }
            let active = try? await device.dunlin.session("tiny").modelVersion
            XCTAssertEqual(active, it.active, it.name)
            try await device.end()
        }
    }

    private func check(_ it: Case, _ predict: () async throws -> Dunlin.Prediction) async {
        do {
            let prediction = try await predict()
            guard let expected = it.expect else { return XCTFail("\(it.name): \(prediction) came, and no error") }
            XCTAssertEqual(expected.differences(prediction), [], "\(it.name): \(prediction)")
        } catch let error as DunlinError {
            XCTAssertEqual(it.error, ExpectedError(error), "\(it.name): \(error)")
        } catch {
            XCTFail("\(it.name): \(error) is not the SDK's own")
        }
    }

    private func blocking(_ session: Dunlin.Session, _ record: Dunlin.Record) throws -> Dunlin.Prediction {
        try session.predict(record)
    }
}

extension Install.Report {
    init(_ report: Dunlin.InstallReport) {
        let word = "\(report.outcome)"
        outcome = word.prefix(1).uppercased() + word.dropFirst()
        (model_id, version) = (report.modelId, report.version)
        (sequence, signer) = (report.sequence, report.signer)
    }
}
