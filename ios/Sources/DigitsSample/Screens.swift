// The sample's two screens: draw a digit, and how Dunlin is.

#if canImport(SwiftUI)
import Dunlin
import SwiftUI

/// The whole sample; make it the content of an app's window.
public struct DigitsSampleView: View {
    @StateObject private var reader = DigitReader()
    @Environment(\.scenePhase) private var phase

    public init() {}

    public var body: some View {
        TabView {
            DrawingScreen(reader: reader).tabItem { Label("Draw", systemImage: "pencil") }
            HealthScreen(reader: reader).tabItem { Label("Health", systemImage: "heart.text.square") }
        }
        .task { await reader.run(in: .main) }
        .onChange(of: phase) { phase in
            if phase == .background { Task { await reader.suspend() } }
        }
    }
}

struct DrawingScreen: View {
    @ObservedObject var reader: DigitReader
    @State private var strokes = Strokes()
    @State private var isDrawing = false

    var body: some View {
        VStack(spacing: 24) {
            Canvas { context, _ in
                for line in strokes.lines {
                    var path = Path()
                    path.addLines(line.map { CGPoint(x: $0.x, y: $0.y) })
                    context.stroke(path, with: .color(.primary), style: StrokeStyle(lineWidth: 24, lineCap: .round))
                }
            }
            .aspectRatio(1, contentMode: .fit)
            .border(.secondary)
            .gesture(DragGesture(minimumDistance: 0).onChanged(draw).onEnded { _ in lift() })
            Text(reader.answer).font(.title2).multilineTextAlignment(.center)
            HStack {
                Button("Clear") { strokes = Strokes() }
                Menu("It was ...") {
                    ForEach(0..<10, id: \.self) { digit in
                        Button("\(digit)") { Task { await reader.correct(to: digit) } }
                    }
                }
            }
        }
        .padding()
    }

    private func draw(_ drag: DragGesture.Value) {
        let point = Point(x: drag.location.x, y: drag.location.y)
        if isDrawing { strokes.move(to: point) } else { strokes.begin(at: point) }
        isDrawing = true
    }

    private func lift() {
        isDrawing = false
        let drawn = strokes
        Task { await reader.read(drawn) }
    }
}

struct HealthScreen: View {
    @ObservedObject var reader: DigitReader

    var body: some View {
        List {
            Section("State") {
                Text(reader.health.map { $0.ok ? "Everything works" : "Something is degraded" } ?? "Opening")
                ForEach(notices, id: \.sinceUs) { notice in
                    VStack(alignment: .leading) {
                        Text(notice.what)
                        Text(notice.remedy).font(.footnote).foregroundStyle(.secondary)
                    }
                }
            }
            Section("Models") {
                ForEach(reader.health?.models ?? [], id: \.sequence) { model in
                    Text("\(model.modelId) \(model.version) \(model.slot ?? "")")
                }
            }
            Section("Alarms") {
                ForEach(Array(reader.alarms.enumerated()), id: \.offset) { _, alarm in
                    VStack(alignment: .leading) {
                        Text(alarm.what)
                        Text(alarm.howSure).font(.footnote)
                        Text(alarm.whatToDo).font(.footnote).foregroundStyle(.secondary)
                    }
                }
            }
        }
    }

    private var notices: [Dunlin.Notice] {
        guard let health = reader.health else { return [] }
        let parts = [health.state, health.journal].compactMap { part in
            if case .degraded(let notice) = part { notice } else { nil }
        }
        return parts + health.notices
    }
}
#endif
