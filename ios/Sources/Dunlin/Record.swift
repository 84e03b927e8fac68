// A record in the making: values by name, or any value that can be encoded.

import DunlinGenerated
import Foundation

extension Dunlin {
    /// What the app wants an answer for. Each feature is given by its name, in any order; of two values of one name the last
    /// stands. It belongs to no session, and is checked when it is predicted from, so that a refusal is on the record.
    public struct Record: Sendable {
        private var text: String?
        private var values: [(String, Value)] = []

        private enum Value: Sendable {
            case number(Double)
            case integer(Int64)
            case boolean(Bool)
            case category(String)
            case text(String)
            case tensor(Data)
        }

        /// A record without any value yet.
        public init() {}

        /// A whole record as one JSON object, by the schema's types. Values given by name go before it.
        public init(json: String) {
            text = json
        }

        /// A value whose JSON form is the record: its properties are the features, arrays of arrays the tensors.
        ///
        /// - Throws: ``DunlinError/record(code:feature:message:)`` when it has no JSON form.
        public init(_ value: some Encodable) throws {
            do {
                text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
            } catch {
                throw DunlinError(notEncodable: error)
            }
        }

        /// Gives a real number.
        public mutating func number(_ name: String, _ value: Double) { values.append((name, .number(value))) }

        /// Gives a whole number.
        public mutating func integer(_ name: String, _ value: Int64) { values.append((name, .integer(value))) }

        /// Gives true or false.
        public mutating func boolean(_ name: String, _ value: Bool) { values.append((name, .boolean(value))) }

        /// Gives a level of a category.
        public mutating func category(_ name: String, _ level: String) { values.append((name, .category(level))) }

        /// Gives a text.
        public mutating func text(_ name: String, _ text: String) { values.append((name, .text(text))) }

        /// Gives a tensor: its elements, little-endian and row-major, of the schema's element type and shape.
        public mutating func tensor(_ name: String, _ elements: Data) { values.append((name, .tensor(elements))) }

        /// Gives a tensor whose elements are 32-bit floats, row-major.
        public mutating func tensor(_ name: String, _ elements: [Float]) {
            tensor(name, elements.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) })
        }

        /// The same for the library.
        func builder() -> RecordBuilder {
            let builder = RecordBuilder()
            if let text { builder.json(text: text) }
            for (name, value) in values {
                switch value {
                case .number(let value): builder.number(name: name, value: value)
                case .integer(let value): builder.integer(name: name, value: value)
                case .boolean(let value): builder.boolean(name: name, value: value)
                case .category(let level): builder.category(name: name, level: level)
                case .text(let text): builder.text(name: name, text: text)
                case .tensor(let elements): builder.tensor(name: name, elements: elements)
                }
            }
            return builder
        }
    }
}

extension DunlinError {
    /// Why a value has no JSON form; the feature is the property that has none. Its value is not told.
    fileprivate init(notEncodable error: any Error) {
        guard case EncodingError.invalidValue(let value, let context) = error else {
            self = .record(code: "not_encodable", feature: nil, message: "the record has no JSON form: give its values by name")
            return
        }
        let feature = context.codingPath.first?.stringValue
        let place = feature.map { "`\($0)`" } ?? "the record"
        if value is any BinaryFloatingPoint {
            let message = "\(place) holds a number that is not finite: leave the feature out where it is not known"
            self = .record(code: "non_finite", feature: feature, message: message)
        } else {
            let message = "\(place) has no JSON form: give it by name"
            self = .record(code: "not_encodable", feature: feature, message: message)
        }
    }
}
