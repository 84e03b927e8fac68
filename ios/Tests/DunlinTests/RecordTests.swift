// Records: what can be given, and what is refused.

import Dunlin
import XCTest

final class RecordTests: XCTestCase {
    private struct Customer: Encodable {
        var age = 35.0
        var visits = 4
        var colour = "blue"
        var member = true
        var income: Double? = 1800
    }

    private struct Unwritable: Encodable {
        struct Nothing: Encodable { func encode(to _: any Encoder) throws { throw Malformed(name: "nothing") } }
        let age = Nothing()
    }

    func test_a_value_that_can_be_encoded_is_a_record_and_says_the_same_as_values_by_name() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        var named = Dunlin.Record()
        named.number("age", 35)
        named.integer("visits", 4)
        named.category("colour", "blue")
        named.boolean("member", true)
        named.number("income", 1800)
        let (encoded, byName) = (try await session.predict(Customer()), try await session.predict(named))
        XCTAssertEqual(encoded.outputs, byName.outputs)
        XCTAssertEqual(encoded.chosenClass?.name, "middle")
        XCTAssertEqual(encoded.output("tier")?.values.count, 3)
        XCTAssertNil(encoded.output("nothing"))
        let imputed = try await session.predict(Customer(income: nil))
        let poor = try await session.predict(Customer(income: 9))
        XCTAssertNotEqual(imputed.outputs, poor.outputs)
        try await device.end()
    }

    func test_a_number_that_json_cannot_hold_is_refused_by_its_feature() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("tiny")
        let refused = await thrown { try await session.predict(Customer(age: .nan)) }
        XCTAssertEqual(refused?.code, "non_finite")
        XCTAssertEqual(refused?.feature, "age")
        let unwritable = await thrown { try await session.predict(Unwritable()) }
        XCTAssertEqual(unwritable?.code, "not_encodable")
        try await device.end()
    }

    func test_a_slice_of_data_is_its_own_bytes_wherever_it_begins() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("every")
        let expected = try await session.predict(Fixture.good())
        // f of the record: 0.25, 0.5, 0.75, 1.0.
        let elements: [Float] = [9, 0.25, 0.5, 0.75, 1.0, 9]
        let whole = elements.withUnsafeBytes { Data($0) }
        var record = try Fixture.good()
        record.tensor("f", whole[4..<20])
        let sliced = try await session.predict(record)
        XCTAssertEqual(sliced.outputs, expected.outputs)
        record.tensor("f", Array(elements[1..<5]))
        let floats = try await session.predict(record)
        XCTAssertEqual(floats.outputs, expected.outputs)
        record.tensor("f", whole[4..<19])
        let ragged = record
        let refused = await thrown { try await session.predict(ragged) }
        XCTAssertEqual(refused?.code, "wrong_elements")
        record.tensor("f", Data())
        let empty = record
        let none = await thrown { try await session.predict(empty) }
        XCTAssertEqual(none?.feature, "f")
        try await device.end()
    }

    func test_a_record_is_a_value_and_can_be_used_again() async throws {
        let device = try await Device()
        let (every, tiny) = (try await device.dunlin.session("every"), try await device.dunlin.session("tiny"))
        let good = try Fixture.good()
        var other = good
        other.number("n", 99)
        let bad = other
        let refused = await thrown { try await every.predict(bad) }
        XCTAssertEqual(refused?.code, "out_of_domain")
        let first = try await every.predict(good)
        let elsewhere = await thrown { try await tiny.predict(good) }
        XCTAssertEqual(elsewhere?.kind, "Record")
        let again = try await every.predict(good)
        XCTAssertEqual(first.outputs, again.outputs)
        XCTAssertNotEqual(first.id, again.id)
        try await device.end()
    }

    func test_a_text_of_bytes_that_are_no_utf8_is_a_text_all_the_same() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("every")
        // Swift puts a replacement character where the bytes are none.
        var record = try Fixture.good()
        record.text("t", String(decoding: [0x61, 0xFF] as [UInt8], as: UTF8.self))
        record.text("t", "a\u{0}b")
        let odd = record
        let prediction = try await session.predict(odd)
        XCTAssertEqual(prediction.answeredBy, .model)
        try await device.end()
    }

    func test_a_session_tells_what_its_model_takes_and_answers() async throws {
        let device = try await Device()
        let session = try await device.dunlin.session("every")
        let features = session.features
        XCTAssertEqual(features.prefix(6).map(\.kind), [.number, .integer, .boolean, .category, .text, .tensor])
        XCTAssertEqual(features[5].shape, [2, 2])
        XCTAssertEqual(features[5].dtype, .f32)
        XCTAssertEqual(session.outputs.map(\.name), ["sum", "side", "inverse"])
        XCTAssertEqual(session.modelVersion, "1.0.0")
        XCTAssertFalse(session.kernelSet.isEmpty)
        try await device.end()
    }
}
