// The lines of docs/sdk-ios.md on updates, word for word between the two marks.

import Dunlin

func updateSnippet(_ dunlin: Dunlin, _ session: Dunlin.Session) async throws -> [String] {
    var said: [String] = []
    func show(_ text: String) { said.append(text) }
    // snippet begins
    let report = try await dunlin.update(link: .unmetered)     // a background task does this too
    for model in report.models { show("\(model.modelId): \(model.outcome) \(model.version ?? "")") }
    try await session.renew()                                  // from now on a candidate watches
    for trial in try await dunlin.trials() { show("\(trial.challenger): \(trial.stage), \(trial.verdict)") }
    // snippet ends
    return said
}
