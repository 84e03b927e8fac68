// What the package holds besides code, and what a prediction costs.

@testable import Dunlin
import XCTest

final class PackageTests: XCTestCase {
    func test_the_privacy_manifest_is_a_resource_of_the_package_and_tracks_nobody() throws {
        let file = try XCTUnwrap(PrivacyManifest.url)
        let manifest = try PropertyListSerialization.propertyList(from: Data(contentsOf: file), format: nil) as? [String: Any]
        XCTAssertEqual(manifest?["NSPrivacyTracking"] as? Bool, false)
        XCTAssertEqual((manifest?["NSPrivacyTrackingDomains"] as? [Any])?.count, 0)
        let reasons = (manifest?["NSPrivacyAccessedAPITypes"] as? [[String: Any]] ?? [])
            .map { $0["NSPrivacyAccessedAPITypeReasons"] as? [String] ?? [] }
        XCTAssertTrue(!reasons.isEmpty && reasons.allSatisfy { !$0.isEmpty })
        let collected = manifest?["NSPrivacyCollectedDataTypes"] as? [[String: Any]] ?? []
        XCTAssertTrue(collected.allSatisfy { $0["NSPrivacyCollectedDataTypeLinked"] as? Bool == false })
    }

    /// No promise: it prints what it measures.
    func test_the_cost_of_a_prediction_is_told() async throws {
        let device = try await Device()
        var pixels = Dunlin.Record()
        pixels.tensor("image", (0..<64).map { Float($0 % 17) })
        let records = [
            ("tiny", "JSON of 5 values", try Fixture.record("tiny_accepts_an_ordinary_record")),
            ("digits", "JSON of 64 numbers", try Fixture.record("digits_reads_a_7")), ("digits", "a tensor", pixels),
        ]
        for (model, form, record) in records {
            let session = try await device.dunlin.session(model)
            let blocking = try medianMicroseconds { _ = try session.predict(record) }
            let inside = try (0..<200).map { _ in try here(session, record).latencyUs }.sorted()[100]
            var times: [Double] = []
            for _ in 0..<500 {
                let start = DispatchTime.now().uptimeNanoseconds
                _ = try await session.predict(record)
                times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1000)
            }
            let awaited = times.sorted()[250]
            print("\(model), \(form): on its thread \(blocking) us, awaited \(awaited) us, of that in the library \(inside) us")
        }
        try await device.end()
    }

    private func here(_ session: Dunlin.Session, _ record: Dunlin.Record) throws -> Dunlin.Prediction {
        try session.predict(record)
    }

    private func medianMicroseconds(_ act: () throws -> Void) rethrows -> Double {
        let times = try (0..<500).map { _ in
            let start = DispatchTime.now().uptimeNanoseconds
            try act()
            return Double(DispatchTime.now().uptimeNanoseconds - start) / 1000
        }
        return times.sorted()[250]
    }
}
