// The ten lines of the README and of docs/sdk-ios.md, word for word between the two marks.

import Dunlin
import Foundation

func snippet(keyFile: URL, modelFile: URL, drawing: some Encodable) async throws -> String {
    var said = ""
    func show(_ text: String) { said = text }
    // snippet begins
    let dunlin = try await Dunlin.open(keys: [Dunlin.TrustedKey(contentsOf: keyFile)])
    try await dunlin.installShipped(modelFile)                 // at every start: nothing happens if it is there already

    let session = try await dunlin.session("digits")
    let prediction = try await session.predict(drawing)        // any Encodable whose properties are the model's features
    if let digit = prediction.chosenClass {
        show("\(digit.name) by \(prediction.answeredBy)")       // by the model, or by its baseline where it abstained
    } else if case .abstain(let reasons) = prediction.verdict {
        show(reasons.map(\.message).joined(separator: "\n"))
    }
    try await dunlin.label(prediction.id, "7")                 // when the truth is known
    // snippet ends
    try await dunlin.close()
    return said
}
