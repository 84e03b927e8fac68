// `cases.json`, the cases that every language runs, and how an answer is held against what one expects.

import Dunlin
import Foundation

struct Cases: Decodable {
    struct Key: Decodable {
        let name: String
        let file: String
    }

    let keys: [Key]
    let models: [String: String]
    let cases: [Case]
    let installs: [Install]
    let trial: Lifecycle.Trial
    let lifecycles: [Lifecycle]
}

/// A record and what must come of it: `expect` or `error`.
struct Case: Decodable {
    let name: String
    let model: String
    let record: JSON?
    let json: String?
    /// Values given by name, after the record: kind, name, value. A tensor is its bytes in hexadecimal.
    let build: [[JSON]]?
    let expect: Expected?
    let error: ExpectedError?

    func asRecord() throws -> Dunlin.Record {
        var record = Dunlin.Record()
        if let text = json { record = Dunlin.Record(json: text) }
        if let own = self.record { record = try Dunlin.Record(own) }
        for step in build ?? [] {
            guard case .string(let kind) = step[0], case .string(let name) = step[1] else { throw Malformed(name: self.name) }
            switch (kind, step[2]) {
            case ("number", let value): record.number(name, try value.double())
            case ("integer", .integer(let value)): record.integer(name, value)
            case ("boolean", .boolean(let value)): record.boolean(name, value)
            case ("category", .string(let level)): record.category(name, level)
            case ("text", .string(let text)): record.text(name, text)
            case ("tensor", .string(let digits)): record.tensor(name, bytes(digits))
            default: throw Malformed(name: self.name)
            }
        }
        return record
    }

    private func bytes(_ digits: String) -> Data {
        let digits = Array(digits)
        return Data(stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) })
    }
}

struct Malformed: Error {
    let name: String
}

struct ExpectedError: Decodable, Equatable {
    let kind: String
    let code: String?
    let feature: String?

    init(_ error: DunlinError) {
        (kind, code, feature) = (error.kind, error.code, error.feature)
    }
}

struct ExpectedReason: Decodable, Equatable {
    let code: String
    let culprit: String
}

/// What is not named is not compared; what is named as `null` must not be there.
struct Expected: Decodable {
    let verdict: String?
    let answeredBy: String?
    let `class`: Named<String>
    let probability: Named<Double>
    let confidence: Named<Double>
    let distance: Named<Double>
    let values: [String: [Double]]?
    let reasons: [ExpectedReason]
    let tolerance: Double

    enum Names: String, CodingKey {
        case verdict, answered_by, `class`, probability, confidence, distance, values, reasons, tolerance
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Names.self)
        verdict = try fields.decodeIfPresent(String.self, forKey: .verdict)
        answeredBy = try fields.decodeIfPresent(String.self, forKey: .answered_by)
        `class` = try Named(fields, .class)
        probability = try Named(fields, .probability)
        confidence = try Named(fields, .confidence)
        distance = try Named(fields, .distance)
        values = try fields.decodeIfPresent([String: [Double]].self, forKey: .values)
        reasons = try fields.decodeIfPresent([ExpectedReason].self, forKey: .reasons) ?? []
        tolerance = try fields.decodeIfPresent(Double.self, forKey: .tolerance) ?? 0
    }

    /// What of a prediction is not as expected.
    func differences(_ found: Dunlin.Prediction) -> [String] {
        var verdict = "accept"
        var reasons: [ExpectedReason] = []
        if case .abstain(let told) = found.verdict {
            verdict = "abstain"
            reasons = told.map { ExpectedReason(code: $0.code, culprit: $0.culprit) }
        }
        let near = { (a: Double, b: Double) in abs(a - b) <= tolerance }
        let found_values = found.outputs.map { ($0.name, $0.values.map(Double.init)) }
        let valuesAgree = values.map { expected in
            expected.count == found_values.count
                && found_values.allSatisfy { name, values in
                    guard let wanted = expected[name], wanted.count == values.count else { return false }
                    return zip(wanted, values).allSatisfy(near)
                }
        }
        let checks: [(String, Bool)] = [
            ("verdict", self.verdict.map { $0 == verdict } ?? true),
            ("answered_by", answeredBy.map { $0 == "\(found.answeredBy)" } ?? true),
            ("class", self.class.agrees(found.chosenClass?.name, by: ==)),
            ("probability", probability.agrees(found.chosenClass?.probability, by: near)),
            ("confidence", confidence.agrees(found.confidence, by: near)),
            ("distance", distance.agrees(found.distance, by: near)),
            ("values", valuesAgree ?? true),
            ("reasons", self.reasons == reasons),
        ]
        return checks.filter { !$0.1 }.map(\.0)
    }
}

/// A field that may be left out, be `null`, or have a value.
struct Named<T: Decodable> {
    let isNamed: Bool
    let value: T?

    init<K: CodingKey>(_ fields: KeyedDecodingContainer<K>, _ key: K) throws {
        isNamed = fields.contains(key)
        value = try fields.decodeIfPresent(T.self, forKey: key)
    }

    func agrees(_ found: T?, by same: (T, T) -> Bool) -> Bool {
        guard isNamed else { return true }
        switch (value, found) {
        case (let value?, let found?): return same(value, found)
        case (nil, nil): return true
        default: return false
        }
    }
}

/// A bundle and what must come of installing it, in a fresh folder after the bundles `before`.
struct Install: Decodable {
    struct Report: Decodable, Equatable {
        let outcome: String
        let model_id: String
        let version: String
        let sequence: UInt64
        let signer: String
    }

    let name: String
    let before: [String]?
    let bundle: String
    let source: String
    let expect: Report?
    let error: ExpectedError?
    /// The version of `tiny` that answers afterwards.
    let active: String?
}

/// Any JSON, as it stands.
indirect enum JSON: Codable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() { self = .null
        } else if let it = try? value.decode(Bool.self) { self = .boolean(it)
        } else if let it = try? value.decode(Int64.self) { self = .integer(it)
        } else if let it = try? value.decode(Double.self) { self = .number(it)
        } else if let it = try? value.decode(String.self) { self = .string(it)
        } else if let it = try? value.decode([JSON].self) { self = .array(it)
        } else { self = .object(try value.decode([String: JSON].self)) }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .boolean(let it): try value.encode(it)
        case .integer(let it): try value.encode(it)
        case .number(let it): try value.encode(it)
        case .string(let it): try value.encode(it)
        case .array(let it): try value.encode(it)
        case .object(let it): try value.encode(it)
        }
    }

    /// A number: JSON has no word for some of them.
    func double() throws -> Double {
        switch self {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        default: throw Malformed(name: "\(self) is no number")
        }
    }
}
