extension StringProtocol {
    /// The parts of a text of the system's, between one separator.
    ///
    /// By bytes, as the C library and the kernel do it. To Swift a colon and a combining mark after it are one character,
    /// and six characters beside the line feed end a line; a person may write either into a field of `/etc/passwd`.
    func parts(between separator: Unicode.Scalar) -> [String] {
        utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
