// What a listener is told of two looks, without a clock or a library.

@testable import Dunlin
import XCTest

final class EventTests: XCTestCase {
    private func alarm(_ subject: String, windows: UInt64 = 1) -> Dunlin.Alarm {
        Dunlin.Alarm(
            what: "it has moved", howSure: "sure", whatToDo: "look", kind: "drift", subject: subject, severity: .alarm,
            modelId: "tiny", modelVersion: "1.0.0", sinceUs: 1, lastUs: 2, windows: windows)
    }

    private func health(predictions: UInt64 = 0, journal: Dunlin.Part = .ok) -> Dunlin.Health {
        Dunlin.Health(
            ok: journal == .ok, state: .ok, journal: journal, notices: [], counters: ["predictions": predictions],
            models: [])
    }

    private func told(_ looks: [Seen]) async -> [Dunlin.Event] {
        let (stream, continuation) = AsyncStream.makeStream(of: Dunlin.Event.self)
        var listener = Listener(tell: continuation)
        looks.forEach { listener.take($0) }
        continuation.finish()
        return await stream.reduce(into: []) { $0.append($1) }
    }

    func test_an_alarm_is_told_when_it_opens_and_when_it_clears_and_not_in_between() async {
        let events = await told([
            Seen(alarms: [], health: health()),
            Seen(alarms: [alarm("age")], health: health()),
            Seen(alarms: [alarm("age", windows: 2), alarm("visits")], health: health()),
            Seen(alarms: [alarm("visits")], health: health()),
            Seen(alarms: [alarm("visits"), alarm("age", windows: 3)], health: health()),
        ])
        XCTAssertEqual(
            events,
            [
                .healthChanged(health()), .alarmOpened(alarm("age")), .alarmOpened(alarm("visits")),
                .alarmCleared(alarm("age", windows: 2)), .alarmOpened(alarm("age", windows: 3)),
            ])
    }

    func test_alarms_that_cannot_be_read_are_not_taken_for_cleared() async {
        let events = await told([
            Seen(alarms: [alarm("age")], health: health()), Seen(alarms: nil, health: health()),
            Seen(alarms: [alarm("age")], health: health()),
        ])
        XCTAssertEqual(events, [.healthChanged(health()), .alarmOpened(alarm("age"))])
    }

    func test_a_change_of_health_is_told_and_a_counter_that_moves_is_none() async {
        let full = Dunlin.Part.degraded(notice: Dunlin.Notice(what: "disk full", sinceUs: 3, remedy: "make room"))
        let events = await told([
            Seen(alarms: [], health: health()), Seen(alarms: [], health: health(predictions: 7)),
            Seen(alarms: [], health: health(predictions: 8, journal: full)),
            Seen(alarms: [], health: health(predictions: 9)),
        ])
        XCTAssertEqual(
            events,
            [
                .healthChanged(health()), .healthChanged(health(predictions: 8, journal: full)),
                .healthChanged(health(predictions: 9)),
            ])
    }
}
