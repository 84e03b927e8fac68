// A transport over URLSession.

import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

extension Dunlin {
    /// Sends over a URLSession of its own, which keeps no cookies and no cache, follows no redirect, and reads at most 1 MiB.
    public final class URLSessionTransport: Transport {
        private let base: URL
        private let headers: [String: String]
        private let session: URLSession
        private let exchanges = Exchanges()

        /// - Parameters:
        ///   - base: the receiver's address: `https://example.org/dunlin`.
        ///   - token: sent as `Authorization: Bearer`.
        ///   - headers: sent with every request.
        ///   - timeout: seconds without a byte after which the receiver is given up.
        public init(base: URL, token: String? = nil, headers: [String: String] = [:], timeout: TimeInterval = 30) {
            self.base = base
            self.headers = headers.merging(token.map { ["Authorization": "Bearer \($0)"] } ?? [:]) { own, _ in own }
            let configuration = URLSessionConfiguration.ephemeral
            configuration.timeoutIntervalForRequest = timeout
            configuration.urlCache = nil
            configuration.httpCookieStorage = nil
            session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
        }

        deinit {
            session.invalidateAndCancel()
        }

        public func send(_ upload: Upload) async throws -> Response {
            let task = session.dataTask(with: try request(upload))
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    exchanges.begin(task.taskIdentifier) { continuation.resume(with: $0) }
                    task.resume()
                }
            } onCancel: {
                task.cancel()
            }
        }

        private func request(_ upload: Upload) throws -> URLRequest {
            let address = base.absoluteString
            guard let url = URL(string: (address.hasSuffix("/") ? String(address.dropLast()) : address) + upload.path) else {
                throw TransportError("the path \(upload.path) makes no address")
            }
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            request.httpBody = upload.body
            request.setValue(upload.contentType, forHTTPHeaderField: "Content-Type")
            if !upload.contentEncoding.isEmpty {
                request.setValue(upload.contentEncoding, forHTTPHeaderField: "Content-Encoding")
            }
            headers.forEach { request.setValue($0.value, forHTTPHeaderField: $0.key) }
            return request
        }
    }
}

/// The requests that are under way, each with what it has been answered so far.
private final class Exchanges: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    typealias End = @Sendable (Result<Dunlin.Response, any Error>) -> Void

    /// An answer of ours has a few hundred bytes; an inference may have more.
    private static let maxBytes = 1 << 20

    private struct Exchange {
        var body = Data()
        var isTooLong = false
        let end: End
    }

    private let lock = NSLock()
    private var open: [Int: Exchange] = [:]

    func begin(_ task: Int, _ end: @escaping End) {
        lock.withLock { open[task] = Exchange(end: end) }
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLong = lock.withLock {
            guard var exchange = open[dataTask.taskIdentifier] else { return true }
            exchange.isTooLong = exchange.body.count + data.count > Self.maxBytes
            if !exchange.isTooLong { exchange.body.append(data) }
            open[dataTask.taskIdentifier] = exchange
            return exchange.isTooLong
        }
        if isTooLong { dataTask.cancel() }
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    /// A receiver that wants another token says so with its answer; nobody is to be asked for a password.
    func urlSession(
        _: URLSession, task _: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        let isPassword = [NSURLAuthenticationMethodHTTPBasic, NSURLAuthenticationMethodHTTPDigest]
            .contains(challenge.protectionSpace.authenticationMethod)
        completionHandler(isPassword ? .rejectProtectionSpace : .performDefaultHandling, nil)
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let exchange = lock.withLock({ open.removeValue(forKey: task.taskIdentifier) }) else { return }
        exchange.end(Self.result(of: exchange, task.response, error))
    }

    private static func result(
        of exchange: Exchange, _ response: URLResponse?, _ error: (any Error)?
    ) -> Result<Dunlin.Response, any Error> {
        if exchange.isTooLong { return .failure(Dunlin.TransportError("the answer is longer than \(maxBytes) bytes")) }
        let answer = response as? HTTPURLResponse
        // A challenge that nobody takes up may end as an error; the answer is a refusal all the same.
        if let error, answer?.statusCode != 401 {
            // By its number: its description names the address.
            return .failure(Dunlin.TransportError("URLSession: error \((error as NSError).code)"))
        }
        guard let answer, let status = UInt16(exactly: answer.statusCode) else {
            return .failure(Dunlin.TransportError("the answer is not one of HTTP"))
        }
        let retryAfter = answer.value(forHTTPHeaderField: "Retry-After")
        return .success(Dunlin.Response(status: status, retryAfter: retryAfter, body: exchange.body))
    }
}
