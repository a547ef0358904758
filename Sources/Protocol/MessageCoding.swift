// Values to payloads and back: the only file of the module that needs more than the standard library.

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Frame {
    /// A control frame with a value as its payload.
    ///
    /// - Throws: a `Refusal` when the value does not fit into a frame.
    public init(_ kind: Kind, channel: UInt32, json value: some Encodable) throws(Refusal) {
        let payload = try JSON.encode(value)
        guard payload.count <= Self.largestPayload else {
            throw Refusal(
                "the arguments and variables together are longer than \(Self.largestPayload / 1024) KiB",
                hint: "pass long input through standard input or a file"
            )
        }
        self.init(kind, channel: channel, payload: payload)
    }

    /// The payload as a value.
    ///
    /// - Throws: `ProtocolViolation` when it is not one.
    public func json<Value: Decodable>(_ type: Value.Type) throws(ProtocolViolation) -> Value {
        do {
            return try JSON.decode(type, from: payload)
        } catch {
            throw ProtocolViolation("a \(kind) frame that is not a \(type)")
        }
    }
}

/// JSON as the wire and dvm's own files have it: keys in order, so that equal values are equal bytes.
public enum JSON {
    /// A value as bytes.
    ///
    /// - Throws: a `Refusal` when the value cannot be written, such as a number that is not finite.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws(Refusal) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try Array(encoder.encode(value))
        } catch {
            throw Refusal("a \(type(of: value)) cannot be written as JSON: \(error)")
        }
    }

    /// A value as text for people and their programs: harmless on a terminal, whoever the value is from.
    ///
    /// - Throws: a `Refusal` when the value cannot be written.
    public static func text(_ value: some Encodable) throws(Refusal) -> String {
        String(decoding: try encode(value, pretty: true), as: UTF8.self).printableJSON
    }

    /// A value from bytes.
    ///
    /// - Throws: whatever the decoder says is wrong.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
