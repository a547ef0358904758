internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Git's settings in the agent's home: the developer's name for its commits, and leave to work in the project.
struct HomeGitSettings: Equatable {
    var name: String?
    var email: String?
    /// In which repositories git works although they are somebody else's: inside, there is nobody to be protected from it.
    ///
    /// With access lists every one of the developer's is, with a mapped mount none but what root put there.
    private(set) var safe = View.workspace

    /// Settings with the developer's name and address, where their own settings have them in the usual place.
    ///
    /// Read by root and therefore as data: one file by descriptor, no include is followed and no program asked.
    init(of agent: Spawn.Agent) {
        if agent.policy.access == .acl { safe = "*" }
        for path in [".gitconfig", ".config/git/config"] {
            guard let text = Self.read(path, in: agent.developerHome, of: agent.developerUid) else { continue }
            let found = Self(text)
            name = name ?? found.name
            email = email ?? found.email
        }
    }

    /// The user's name and address in the text of a settings file.
    init(_ text: String) {
        var isUser = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.hasPrefix("[") {
                isUser = line.lowercased() == "[user]"
                continue
            }
            guard isUser, let equals = line.firstIndex(of: "=") else { continue }
            let value = Self.value(line[line.index(after: equals)...])
            switch line[..<equals].trimmed.lowercased() {
            case "name": name = value
            case "email": email = value
            default: break
            }
        }
    }

    /// A value as people write it; nothing for one with escapes or control characters, which is no name.
    private static func value(_ text: Substring) -> String? {
        var text = text.trimmed
        if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 { text = text.dropFirst().dropLast() }
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7F && !"\"\\#;".unicodeScalars.contains($0)
        }
        return isPlain && !text.isEmpty && text.utf8.count <= 256 ? String(text) : nil
    }

    /// The text of the agent's own file.
    var text: String {
        var lines = ["[safe]", "\tdirectory = \(safe)"]
        if name != nil || email != nil {
            lines.append("[user]")
            if let name { lines.append("\tname = \"\(name)\"") }
            if let email { lines.append("\temail = \"\(email)\"") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A file of the developer's own, of at most 64 KiB; nothing for anything else.
    private static func read(_ path: String, in home: String, of developer: UInt32) -> String? {
        guard let pinned = try? PinnedDirectory(home, called: "the developer's home") else { return nil }
        let raw = unsafe dvm_open_plain(pinned.descriptor.raw.rawValue, path)
        guard raw >= 0 else { return nil }
        let file = OwnedDescriptor(FileDescriptor(rawValue: raw))
        // A hard link could have been made to somebody else's file.
        guard let status = try? Status.of(file.raw, called: path), status.isRegular, status.uid == developer else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        guard let count = try? unsafe bytes.withUnsafeMutableBytes({ try unsafe file.raw.read(into: $0) }) else {
            return nil
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
