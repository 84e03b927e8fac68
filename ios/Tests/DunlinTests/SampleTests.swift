// The sample's drawing, read by the real model; and what the package must hold.

import DigitsSample
import Dunlin
import XCTest

final class SampleTests: XCTestCase {
    /// A circle, as a finger draws it.
    private func circle(_ center: (Double, Double), radius: (Double, Double)) -> [Point] {
        (0...40).map { step in
            let angle = Double(step) / 40 * 2 * .pi
            return Point(x: center.0 + radius.0 * cos(angle), y: center.1 + radius.1 * sin(angle))
        }
    }

    private func strokes(_ lines: [[Point]]) -> Strokes {
        var strokes = Strokes()
        for line in lines {
            for (at, point) in line.enumerated() { if at == 0 { strokes.begin(at: point) } else { strokes.move(to: point) } }
        }
        return strokes
    }

    func test_an_image_has_eight_by_eight_fields_of_ink_wherever_it_was_drawn() {
        let nothing = Strokes().image()
        XCTAssertEqual(nothing, [[Int]](repeating: [Int](repeating: 0, count: 8), count: 8))
        let small = strokes([circle((10, 10), radius: (3, 5))]).image()
        let large = strokes([circle((400, 300), radius: (90, 150))]).image()
        XCTAssertEqual(small, large, "a drawing is what it is at any size and place")
        XCTAssertEqual([small.count, small[0].count], [8, 8])
        XCTAssertTrue(small.joined().allSatisfy { (0...16).contains($0) } && small.joined().contains { $0 > 8 })
        let dot = strokes([[Point(x: 5, y: 5)]]).image()
        XCTAssertGreaterThan(dot.joined().reduce(0, +), 0, "a dot leaves ink")
    }

    func test_drawn_digits_are_read() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("digits")
        let zero = strokes([circle((50, 50), radius: (25, 40))])
        let three = strokes([
            [(20, 10), (60, 10), (70, 20), (70, 35), (45, 48), (70, 60), (75, 75), (65, 90), (20, 92)]
                .map { Point(x: $0.0, y: $0.1) }
        ])
        for (drawn, digit) in [(zero, "0"), (three, "3")] {
            let prediction = try await session.predict(Drawing(drawn))
            XCTAssertEqual(prediction.chosenClass?.name, digit, "\(drawn.image()) \(prediction)")
        }
        let scribble = strokes([circle((50, 50), radius: (50, 50)), circle((50, 50), radius: (35, 35)), circle((50, 50), radius: (20, 20))])
        let unsure = try await session.predict(Drawing(scribble))
        guard case .abstain = unsure.verdict else { return XCTFail("a scribble is no digit: \(unsure)") }
        try await device.end()
    }
}
