// A device for tests that is killed in the middle of a sync: after the receiver has taken an upload, before it is noted.
// KilledDevice FOLDER KEY BUNDLE URL

import Dunlin
import Foundation

#if canImport(Glibc)
import Glibc
#endif

struct KilledWhenAnswered: Dunlin.Transport {
    let inner: Dunlin.HttpTransport

    func send(_ upload: Dunlin.Upload) async throws -> Dunlin.Response {
        let response = try await inner.send(upload)
        guard response.status == 200 else { return response }
        kill(getpid(), SIGKILL)
        return response
    }
}

let words = CommandLine.arguments
guard words.count == 5, let url = URL(string: words[4]) else {
    print("usage: KilledDevice FOLDER KEY BUNDLE URL")
    exit(2)
}
let dunlin = try await Dunlin.open(
    folder: URL(fileURLWithPath: words[1]),
    keys: [Dunlin.TrustedKey(contentsOf: URL(fileURLWithPath: words[2]))],
    config: Dunlin.Config(
        transport: KilledWhenAnswered(inner: Dunlin.HttpTransport(base: url)), monitor: Dunlin.MonitorWindow(rows: 50)))
try await dunlin.installShipped(URL(fileURLWithPath: words[3]))
let session = try await dunlin.session("tiny")
let record = Dunlin.Record(json: #"{"age": 35, "visits": 4, "colour": "blue", "member": true, "income": 1800.0}"#)
for _ in 0..<60 { _ = try session.predict(record) }
let report = try await dunlin.sync(link: .unmetered)
print("not killed: \(report)")
exit(1)
