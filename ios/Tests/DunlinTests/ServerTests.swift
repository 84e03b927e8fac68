// Real HTTP to a real `dunlin serve`.

import Dunlin
import Foundation
import XCTest

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A running `dunlin serve`; DUNLIN_COMMAND names the program.
final class Server {
    private let process = Process()
    private let folder: URL
    let url: URL

    init(_ arguments: [String] = []) throws {
        guard let command = ProcessInfo.processInfo.environment["DUNLIN_COMMAND"] else {
            throw XCTSkip("DUNLIN_COMMAND names no `dunlin`")
        }
        folder = try Device.newFolder()
        let portFile = folder.appendingPathComponent("port")
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments =
            ["serve", "--listen", "127.0.0.1:0", "--data", folder.appendingPathComponent("data").path]
            + ["--port-file", portFile.path] + arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        var port: Int?
        for _ in 0..<1500 where port == nil {
            usleep(20_000)
            port = (try? String(contentsOf: portFile, encoding: .utf8)).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        url = try XCTUnwrap(URL(string: "http://127.0.0.1:\(try XCTUnwrap(port, "the server did not start"))"))
    }

    deinit {
        // Not SIGTERM: Foundation starts programs from a thread that blocks it, and they inherit that.
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    func statistics() throws -> [String: Int] {
        let data = try Data(contentsOf: url.appendingPathComponent("v1/statistics"))
        let all = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        return all.compactMapValues { ($0 as? NSNumber)?.intValue }
    }
}

final class ServerTests: XCTestCase {
    private func transport(_ server: Server, timeout: TimeInterval = 10) -> Dunlin.HttpTransport {
        Dunlin.HttpTransport(base: server.url, timeout: timeout)
    }

    func test_summaries_arrive_over_http() async throws {
        let server = try Server()
        let device = try await Device.withSummary(transport(server))
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 1], "\(report)")
        let statistics = try server.statistics()
        XCTAssertEqual(statistics["uploads"], 1)
        XCTAssertEqual(statistics["windows_counted_twice"], 0)
        XCTAssertEqual(statistics["windows"], 1)
        try await device.end()
    }

    func test_every_fault_of_a_network_costs_attempts_and_counts_nothing_twice() async throws {
        let faults = "503,429/1,cut,cut-request,captive,wrong-id,garbage,redirect,endless,hang"
        let server = try Server(["--fault", faults])
        let device = try await Device.withSummary(transport(server, timeout: 1))
        var (attempts, accepted, troubles) = (UInt64(0), UInt64(0), [String]())
        for _ in 0..<20 where accepted == 0 {
            try await device.dunlin.resumeUploads()
            let report = try await device.dunlin.sync(link: .unmetered)
            (attempts, accepted) = (attempts + report.attempts, accepted + report.accepted)
            troubles += [report.trouble].compactMap { $0 }
        }
        XCTAssertEqual(accepted, 1, "\(troubles)")
        XCTAssertEqual(attempts, 11, "\(troubles)")
        let statistics = try server.statistics()
        XCTAssertEqual(statistics["windows"], 1)
        XCTAssertEqual(statistics["windows_counted_twice"], 0)
        try await device.end()
    }

    func test_a_token_is_sent_and_a_wrong_one_pauses() async throws {
        let tokens = try Device.newFolder().appendingPathComponent("tokens")
        try Data("a-token-of-thirty-two-characters\n".utf8).write(to: tokens)
        let server = try Server(["--token-file", tokens.path])
        let wrong = Dunlin.HttpTransport(base: server.url, token: { "another-token-of-many-characters" })
        let device = try await Device.withSummary(wrong)
        let refused = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual(refused.accepted, 0)
        XCTAssertGreaterThan(refused.waitMs ?? 0, 3_600_000, "a wrong token is not tried again soon: \(refused)")
        let right = Dunlin.HttpTransport(base: server.url, token: { "a-token-of-thirty-two-characters" })
        try await device.dunlin.resumeUploads()
        let report = try await device.dunlin.sync(link: .unmetered, transport: right)
        XCTAssertEqual(report.accepted, 1, "\(report)")
        try await device.end()
    }

    func test_headers_are_sent_and_an_answer_without_end_is_cut_at_the_bound() async throws {
        let tokens = try Device.newFolder().appendingPathComponent("tokens")
        try Data("a-token-of-thirty-two-characters\n".utf8).write(to: tokens)
        let server = try Server(["--token-file", tokens.path])
        let named = ["Authorization": "Bearer a-token-of-thirty-two-characters"]
        let narrow = Dunlin.HttpTransport(base: server.url, headers: named, maxResponseBytes: 10)
        let device = try await Device.withSummary(narrow)
        let cut = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual(cut.trouble?.contains("10 bytes"), true, "\(cut)")
        try await device.dunlin.resumeUploads()
        let transport = Dunlin.HttpTransport(base: server.url, headers: named)
        let report = try await device.dunlin.sync(link: .unmetered, transport: transport)
        XCTAssertEqual(report.accepted, 1, "\(report)")
        try await device.end()
    }

    func test_a_token_never_goes_over_plain_http_to_another_machine() async throws {
        let elsewhere = try XCTUnwrap(URL(string: "http://192.0.2.1"))
        let device = try await Device.withSummary(Dunlin.HttpTransport(base: elsewhere, timeout: 1) { "secret" })
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual(report.trouble?.contains("https"), true, "\(report)")
        XCTAssertEqual(report.trouble?.contains("secret"), false)
        try await device.end()
    }

    func test_a_receiver_that_is_not_there_is_no_error_and_names_no_address() async throws {
        let nowhere = try XCTUnwrap(URL(string: "http://127.0.0.1:1/secret"))
        let device = try await Device.withSummary(Dunlin.HttpTransport(base: nowhere))
        let report = try await device.dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 0])
        XCTAssertEqual(report.trouble?.contains("secret"), false, "\(report)")
        try await device.end()
    }

    func test_an_inference_is_asked_of_a_real_service() async throws {
        let bundles = try Device.newFolder()
        let bundle = try Fixture.file("every-1.0.0.dunlin")
        try FileManager.default.copyItem(at: bundle, to: bundles.appendingPathComponent(bundle.lastPathComponent))
        let server = try Server(["--bundles", bundles.path, "--key", Fixture.file("trusted.pub").path])
        let config = Dunlin.Config(transport: transport(server), fallback: Dunlin.FallbackPolicy())
        let device = try await Device(config: config)
        let session = try await device.dunlin.session("every")
        let unsure = try await session.predict(Fixture.record("every_is_unsure_near_one_half"))
        // The service runs the same model, has no answer either, and says so: the device's own stands.
        XCTAssertEqual(unsure.answeredBy, .nobody)
        XCTAssertEqual(unsure.fallbackError?.kind, "Fallback", "\(unsure)")
        XCTAssertEqual(unsure.fallbackError?.message.contains("422"), true, "\(unsure)")
        try await device.end()
    }

    func test_a_device_killed_in_the_middle_of_a_sync_sends_again_and_is_counted_once() async throws {
        let server = try Server()
        let folder = try Device.newFolder()
        let (key, bundle) = (try Fixture.file("trusted.pub"), try Fixture.file("tiny-1.0.0.dunlin"))
        let device = Process()
        device.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("KilledDevice")
        device.arguments = [folder.path, key.path, bundle.path, server.url.absoluteString]
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            device.terminationHandler = { _ in ended.resume() }
            do { try device.run() } catch { ended.resume(throwing: error) }
        }
        XCTAssertEqual(device.terminationReason, .uncaughtSignal)
        XCTAssertEqual(try server.statistics()["uploads"], 1)
        let dunlin = try await Dunlin.open(
            folder: folder, keys: [Dunlin.TrustedKey(contentsOf: key)],
            config: Dunlin.Config(transport: transport(server), monitor: Dunlin.MonitorWindow(rows: 50)))
        try await dunlin.resumeUploads()
        let report = try await dunlin.sync(link: .unmetered)
        XCTAssertEqual([report.attempts, report.accepted], [1, 1], "the same upload, which the receiver has already")
        let statistics = try server.statistics()
        XCTAssertEqual(statistics["uploads"], 1)
        XCTAssertEqual(statistics["duplicates"], 1)
        XCTAssertEqual(statistics["windows_counted_twice"], 0)
        try await dunlin.close()
        try FileManager.default.removeItem(at: folder)
    }
}
