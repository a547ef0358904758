internal import DVMProtocol
internal import Glibc

extension SessionID {
    /// A name for a session that starts now.
    static func new() -> Self { Self(seconds: time(nil), salt: UInt16.random(in: .min ... .max)) }
}
