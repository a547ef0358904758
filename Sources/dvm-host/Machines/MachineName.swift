internal import DVMProtocol

/// The name a person gives a VM.
///
/// Holding one is proof that it is safe in a path, a Lima instance name, a host name and a prompt, so nothing
/// downstream checks again.
struct MachineName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name as people say it, without `dvm-`.
    let text: String

    /// What Lima calls the VM.
    var instance: String { "dvm-\(text)" }

    var description: String { text }

    /// The longest name whatever the directory: a host name may have 63 bytes, a prompt should have fewer.
    static let longest = 40

    /// Checks a name; people may also type Lima's name of the VM.
    ///
    /// - Throws: a `Refusal` that says which rule it breaks.
    init(_ typed: some StringProtocol) throws(Refusal) {
        let name = typed.hasPrefix("dvm-") ? String(typed.dropFirst(4)) : String(typed)
        let rule = "use lowercase letters, digits and hyphens, starting with a letter, such as my-app"

        func refuse(_ why: String, hint: String? = nil) -> Refusal {
            Refusal("“\(String(typed.prefix(100)).printable)” cannot name a VM: \(why)", hint: hint ?? rule)
        }
        guard let first = name.utf8.first else { throw refuse("it is empty") }
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
            throw refuse("it does not start with a lowercase letter")
        }
        let letters = "abcdefghijklmnopqrstuvwxyz0123456789-".utf8
        guard name.utf8.allSatisfy({ letters.contains($0) }) else {
            throw refuse("it has other characters than lowercase letters, digits and hyphens")
        }
        guard name.utf8.last != UInt8(ascii: "-") else { throw refuse("it ends with a hyphen") }
        guard name.utf8.count <= Self.longest else {
            throw refuse("it has \(name.utf8.count) characters", hint: "use at most \(Self.longest)")
        }
        text = name
    }

    /// Refuses a name with which Lima's sockets could not be made in a directory.
    ///
    /// macOS allows a socket's path 104 bytes with its final NUL, and Lima's longest is
    /// `<directory>/dvm-<name>/ssh.sock.` and 16 digits.
    ///
    /// - Throws: a `Refusal` that says how long the name may be there.
    func checkRoom(in lima: FilePath) throws(Refusal) {
        let rest = "/dvm-".utf8.count + "/ssh.sock.1234567890123456".utf8.count
        let room = 103 - rest - lima.string.utf8.count
        guard text.utf8.count <= room else {
            throw Refusal(
                "“\(text)” is too long for a VM in \(lima.string.printable): the paths of Lima's sockets would not fit",
                hint: room > 0
                    ? "use a name of at most \(room) characters, or set LIMA_HOME to a shorter path"
                    : "set LIMA_HOME to a shorter path"
            )
        }
    }

    static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}
