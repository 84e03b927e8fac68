// The snippet of the README, run as it stands.

import Dunlin
import XCTest

final class SnippetTests: XCTestCase {
    func test_the_snippet_of_the_readme_runs_as_it_stands() async throws {
        let support = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)
        let usual = try XCTUnwrap(support.first).appendingPathComponent("dunlin")
        try? FileManager.default.removeItem(at: usual)
        let drawing = try XCTUnwrap(Fixture.cases().cases.first { $0.name == "digits_reads_a_7" }?.record)
        let said = try await snippet(
            keyFile: Fixture.file("demo.pub"), modelFile: Fixture.file("digits-1.0.0.dunlin"), drawing: drawing)
        XCTAssertEqual(said, "7 by model")
        XCTAssertTrue(FileManager.default.fileExists(atPath: usual.path), "the usual folder is used")
        try FileManager.default.removeItem(at: usual)
    }
}
