// What the sample's screens show, and what they do with Dunlin.

#if canImport(SwiftUI)
import Dunlin
import SwiftUI

/// Reads drawings with the model that the app ships with.
@MainActor
public final class DigitReader: ObservableObject {
    @Published public private(set) var answer = "Draw a digit"
    @Published public private(set) var health: Dunlin.Health?
    @Published public private(set) var alarms: [Dunlin.Alarm] = []
    private var dunlin: Dunlin?
    private var session: Dunlin.Session?
    private var last: Dunlin.Prediction?

    public init() {}

    /// Opens Dunlin with `demo.pub` and `digits-1.0.0.dunlin` of the app, and follows its events until the task is cancelled.
    public func run(in bundle: Bundle) async {
        do {
            guard let key = bundle.url(forResource: "demo", withExtension: "pub"),
                let model = bundle.url(forResource: "digits-1.0.0", withExtension: "dunlin")
            else { throw DunlinError.invalidArgument(message: "add demo.pub and digits-1.0.0.dunlin to the app") }
            let dunlin = try await Dunlin.open(keys: [Dunlin.TrustedKey(contentsOf: key)])
            self.dunlin = dunlin
            try await dunlin.installShipped(model)
            session = try await dunlin.session("digits")
            for await event in await dunlin.events() { show(event) }
        } catch {
            answer = error.localizedDescription
        }
    }

    public func read(_ strokes: Strokes) async {
        do {
            guard let prediction = try await session?.predict(Drawing(strokes)) else { return }
            last = prediction
            switch (prediction.chosenClass, prediction.verdict) {
            case (let digit?, _): answer = "\(digit.name), \(Int(digit.probability * 100)) %"
            case (nil, .abstain(let reasons)): answer = reasons.map(\.message).joined(separator: "\n")
            case (nil, .accept): answer = "no answer"
            }
        } catch {
            answer = error.localizedDescription
        }
    }

    /// The person says what the digit was.
    public func correct(to digit: Int) async {
        guard let last else { return }
        try? await dunlin?.label(last.id, .text(value: String(digit)))
    }

    /// The app goes to the background.
    public func suspend() async {
        try? await dunlin?.suspend()
    }

    private func show(_ event: Dunlin.Event) {
        switch event {
        case .healthChanged(let health): self.health = health
        case .alarmOpened(let alarm): alarms.append(alarm)
        case .alarmCleared(let alarm): alarms.removeAll { $0.kind == alarm.kind && $0.subject == alarm.subject }
        }
    }
}
#endif
