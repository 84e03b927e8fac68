// A transport over HTTP.

import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

extension Dunlin {
    /// Sends over a URLSession of its own, which keeps no cookies and no cache, and follows no redirect.
    public final class HttpTransport: Transport {
        private let base: URL
        private let headers: [String: String]
        private let token: @Sendable () -> String?
        private let session: URLSession
        private let maxResponseBytes: Int
        private let exchanges: Exchanges

        /// - Parameters:
        ///   - base: the receiver's address: `https://example.org/dunlin`.
        ///   - headers: sent with every request.
        ///   - timeout: seconds that connecting, and that the whole answer, may take.
        ///   - maxResponseBytes: the longest answer that is taken; what is fetched has a bound of its own.
        ///   - token: gives the bearer token of each request, if any. It goes over HTTPS alone, and to this very machine.
        public init(
            base: URL, headers: [String: String] = [:], timeout: TimeInterval = 30, maxResponseBytes: Int = 1 << 20,
            token: @escaping @Sendable () -> String? = { nil }
        ) {
            self.base = base
            self.headers = headers
            self.token = token
            self.maxResponseBytes = maxResponseBytes
            exchanges = Exchanges(maxErrorBytes: maxResponseBytes)
            let configuration = URLSessionConfiguration.ephemeral
            configuration.timeoutIntervalForRequest = timeout
            configuration.timeoutIntervalForResource = timeout
            configuration.urlCache = nil
            configuration.httpCookieStorage = nil
            session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
        }

        deinit {
            session.invalidateAndCancel()
        }

        public func send(_ upload: Upload) async throws -> Response {
            var request = try request(upload.path)
            request.httpMethod = "POST"
            request.httpBody = upload.body
            request.setValue(upload.contentType, forHTTPHeaderField: "Content-Type")
            if !upload.contentEncoding.isEmpty {
                request.setValue(upload.contentEncoding, forHTTPHeaderField: "Content-Encoding")
            }
            return try await exchange(request, most: maxResponseBytes)
        }

        public func fetch(_ fetch: Fetch) async throws -> Response {
            var request = try request(fetch.path)
            // What is signed is compared byte for byte: nothing may pack it on the way.
            request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
            if let range = fetch.range { request.setValue(range, forHTTPHeaderField: "Range") }
            return try await exchange(request, most: Int(clamping: fetch.maxBytes))
        }

        private func exchange(_ request: URLRequest, most: Int) async throws -> Response {
            let task = session.dataTask(with: request)
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    exchanges.begin(task.taskIdentifier, most: most) { continuation.resume(with: $0) }
                    task.resume()
                }
            } onCancel: {
                task.cancel()
            }
        }

        private func request(_ path: String) throws -> URLRequest {
            let address = base.absoluteString
            guard let url = URL(string: (address.hasSuffix("/") ? String(address.dropLast()) : address) + path) else {
                throw TransportError("the path \(path) makes no address")
            }
            var request = URLRequest(url: url)
            headers.forEach { request.setValue($0.value, forHTTPHeaderField: $0.key) }
            if let token = token() {
                guard base.scheme == "https" || Self.here.contains(base.host ?? "") else {
                    throw TransportError("the token would go over plain HTTP, where others can read it; use https")
                }
                request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
            }
            return request
        }

        private static let here: Set = ["localhost", "127.0.0.1", "::1"]
    }
}

/// The requests that are under way, each with what it has been answered so far.
private final class Exchanges: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    typealias End = @Sendable (Result<Dunlin.Response, any Error>) -> Void

    private struct Exchange {
        var body = Data()
        var isTooLong = false
        /// The longest answer that is wanted.
        let most: Int
        let end: End
    }

    /// The longest of what says that there is no such answer.
    private let maxErrorBytes: Int
    private let lock = NSLock()
    private var open: [Int: Exchange] = [:]

    init(maxErrorBytes: Int) {
        self.maxErrorBytes = maxErrorBytes
    }

    func begin(_ task: Int, most: Int, _ end: @escaping End) {
        lock.withLock { open[task] = Exchange(most: most, end: end) }
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLong = lock.withLock {
            guard var exchange = open[dataTask.taskIdentifier] else { return true }
            let isWanted = ((dataTask.response as? HTTPURLResponse)?.statusCode ?? 200) < 300
            exchange.isTooLong = exchange.body.count + data.count > (isWanted ? exchange.most : maxErrorBytes)
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
        exchange.end(result(of: exchange, task.response, error))
    }

    private func result(
        of exchange: Exchange, _ response: URLResponse?, _ error: (any Error)?
    ) -> Result<Dunlin.Response, any Error> {
        if exchange.isTooLong { return .failure(Dunlin.TransportError("the answer is longer than \(exchange.most) bytes")) }
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
