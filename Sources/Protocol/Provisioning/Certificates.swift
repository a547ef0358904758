/// Certificates of authorities in PEM (RFC 7468), as far as they must be understood to be handed on: whole, and nothing
/// else with them.
public enum Certificates {
    /// The most a VM is given.
    public static let most = 64
    /// The most one may be long, in bytes.
    public static let longest = 16 * 1024

    private static let begin = "-----BEGIN CERTIFICATE-----"
    private static let end = "-----END CERTIFICATE-----"

    /// The certificates in the text of a file, each with its first and last line; what is between them is left out.
    ///
    /// - Throws: a `Refusal` when there is none, one is cut short, or the file holds a private key.
    public static func all(in text: String) throws(Refusal) -> [String] {
        var found: [String] = []
        var current: [String]?
        for line in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let line = String(decoding: line, as: UTF8.self)
            guard !line.contains("PRIVATE KEY-----") else {
                throw Refusal(
                    "there is a private key among the certificates",
                    hint: "name a file that has the certificates only"
                )
            }
            if line == begin {
                guard current == nil else { break }
                current = [line]
            } else if line == end, let lines = current {
                found.append((lines + [line, ""]).joined(separator: "\n"))
                current = nil
            } else {
                current?.append(line)
            }
        }
        guard current == nil, !found.isEmpty else {
            throw Refusal(
                found.isEmpty ? "there is no whole certificate in it" : "a certificate is cut short",
                hint: "certificates are wanted as PEM: lines between “\(begin)” and “\(end)”"
            )
        }
        try check(found)
        return found
    }

    /// Refuses texts that are not one certificate each.
    static func check(_ certificates: [String]) throws(Refusal) {
        guard certificates.count <= most else { throw Refusal("more than \(most) certificates for one VM") }
        for text in certificates {
            let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let body = lines.dropFirst().dropLast(2)
            let isBase64 = body.allSatisfy { line in
                !line.isEmpty
                    && line.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "+/=".utf8.contains($0) }
            }
            guard text.hasPrefix(begin + "\n"), text.hasSuffix("\n" + end + "\n"), !body.isEmpty, isBase64,
                text.utf8.count <= longest
            else {
                throw Refusal(
                    "a certificate for the VM is not PEM, or longer than \(longest / 1024) KiB",
                    hint: "`openssl x509 -in FILE` shows whether it is one, and writes it as PEM"
                )
            }
        }
    }
}
