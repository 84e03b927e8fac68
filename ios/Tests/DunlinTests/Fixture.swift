// The folder that `sdk_fixture` makes, and a Dunlin over it in a folder of its own.

import Dunlin
import Foundation
import XCTest

/// Bundles, keys and cases.
enum Fixture {
    static func file(_ name: String) throws -> URL {
        guard let folder = ProcessInfo.processInfo.environment["DUNLIN_SDK_FIXTURE"] else {
            throw XCTSkip("DUNLIN_SDK_FIXTURE names no folder made by sdk_fixture")
        }
        return URL(fileURLWithPath: folder).appendingPathComponent(name)
    }

    static func keys() throws -> [Dunlin.TrustedKey] {
        try cases().keys.map { try Dunlin.TrustedKey(name: $0.name, publicKey: String(contentsOf: file($0.file), encoding: .utf8)) }
    }

    static func cases() throws -> Cases {
        try JSONDecoder().decode(Cases.self, from: Data(contentsOf: file("cases.json")))
    }

    static func record(_ name: String) throws -> Dunlin.Record {
        try XCTUnwrap(cases().cases.first { $0.name == name }, name).asRecord()
    }

    /// A record that `every` accepts.
    static func good() throws -> Dunlin.Record { try record("every_takes_each_type_of_feature") }
}

/// An opened Dunlin whose folder goes with the test.
struct Device {
    let dunlin: Dunlin
    let folder: URL

    init(
        folder: URL? = nil, config: Dunlin.Config = Dunlin.Config(), models: Bool = true
    ) async throws {
        self.folder = try folder ?? Self.newFolder()
        dunlin = try await Dunlin.open(folder: self.folder, keys: Fixture.keys(), config: config)
        guard models else { return }
        for bundle in try Fixture.cases().models.values { try await dunlin.installShipped(Fixture.file(bundle)) }
    }

    static func newFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// With a summary to send: windows close after 50 rows.
    static func withSummary(_ transport: any Dunlin.Transport, uploadTimeout: TimeInterval = 20) async throws -> Device {
        let window = Dunlin.MonitorWindow(rows: 50)
        let device = try await Device(
            config: Dunlin.Config(transport: transport, monitor: window, uploadTimeout: uploadTimeout))
        try await device.predict(times: 60)
        return device
    }

    func predict(times: Int) async throws {
        let (session, record) = (try await dunlin.session("every"), try Fixture.good())
        for _ in 0..<times { _ = try await session.predict(record) }
    }

    func end() async throws {
        try await dunlin.close()
        try FileManager.default.removeItem(at: folder)
    }
}

/// The error that a call throws.
func thrown<T>(
    _ call: () async throws -> T, file: StaticString = #filePath, line: UInt = #line
) async -> DunlinError? {
    do {
        let result = try await call()
        XCTFail("\(result) came, and no error", file: file, line: line)
        return nil
    } catch {
        XCTAssert(error is DunlinError, "\(error) is not the SDK's own", file: file, line: line)
        return error as? DunlinError
    }
}

extension DunlinError {
    var isClosed: Bool { if case .closed = self { true } else { false } }

    /// Name of the kind, as `cases.json` writes it.
    var kind: String {
        switch self {
        case .record: "Record"
        case .refused: "Refused"
        case .notInstalled: "NotInstalled"
        case .model: "Model"
        case .storage: "Storage"
        case .fallback: "Fallback"
        case .closed: "Closed"
        case .invalidArgument: "InvalidArgument"
        case .busy: "Busy"
        case .internal: "Internal"
        case .update: "Update"
        }
    }

    var code: String? {
        switch self {
        case .record(let code, _, _), .refused(let code, _), .model(let code, _), .update(let code, _): code
        default: nil
        }
    }

    var feature: String? { if case .record(_, let feature, _) = self { feature } else { nil } }
}
