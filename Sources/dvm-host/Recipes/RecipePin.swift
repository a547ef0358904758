internal import DVMProtocol

/// A release that a recipe pins, as its lines `dvm_pin` and `dvm_pin_file` say.
struct RecipePin: Hashable, Sendable {
    let name: String
    let version: String
    /// `github:OWNER/REPOSITORY@TAG`, `npm:PACKAGE` or `pypi:PACKAGE`; `VERSION` in a tag stands for the version.
    let source: String
    var files: [File] = []

    /// The file for an architecture.
    struct File: Hashable, Sendable {
        /// `x86_64`, `aarch64` or `any`.
        let architecture: String
        /// Nothing where none is known.
        let digest: String?
        /// `VERSION` in it stands for the version.
        let name: String
        /// The oldest glibc with which it runs, where that keeps some distributions from it: those take the next one.
        var glibc: String?
    }

    /// The variable of a configuration that chooses another version than the recipe's.
    var versionVariable: String { "\(variable)_VERSION" }
    /// The variable of a configuration that says which file is trusted.
    var digestVariable: String { "\(variable)_SHA256" }

    private var variable: String { "DVM_" + name.uppercased().replacing("-", with: "_") }

    /// The pins in a recipe's text.
    static func all(in text: String) -> [Self] {
        var pins: [Self] = []
        for line in text.utf8.split(separator: 0x0A) {
            let line = line.drop { $0 == UInt8(ascii: " ") }
            guard line.starts(with: "dvm_pin".utf8) else { continue }
            let words = Substring(line).split(separator: " ").map(String.init)
            if words.count == 4, words[0] == "dvm_pin" {
                pins.append(Self(name: words[1], version: words[2], source: words[3]))
            } else if (4...5).contains(words.count), words[0] == "dvm_pin_file", !pins.isEmpty {
                pins[pins.count - 1].files.append(
                    File(
                        architecture: words[1],
                        digest: words[2] == "-" ? nil : words[2],
                        name: words[3],
                        glibc: words.count == 5 ? words[4] : nil
                    )
                )
            }
        }
        return pins
    }

    /// The oldest glibc with which its own version can be had without a digest of the person's; nothing where that is none
    /// or every one.
    var glibc: String? {
        let (known, unknown) = (files.filter { $0.digest != nil }, files.filter { $0.digest == nil })
        return unknown.isEmpty ? nil : known.compactMap(\.glibc).first
    }

    /// Where the file for an architecture is, as people read it; nothing when there is none for it.
    func place(on architecture: Settings.Architecture, version: String? = nil) -> String? {
        let version = version ?? self.version
        let fits: (File) -> Bool = { $0.architecture == "any" || $0.architecture == architecture.rawValue }
        guard let file = files.first(where: fits)?.name.replacing("VERSION", with: version) else { return nil }
        let (kind, rest) = source.parted(at: ":")
        switch kind {
        case "github":
            let (repository, tag) = rest.parted(at: "@")
            let release = tag.replacing("VERSION", with: version)
            return "https://github.com/\(repository)/releases/download/\(release)/\(file)"
        case "npm": return "https://registry.npmjs.org/\(rest)/-/\(file)"
        default: return "\(file) of https://pypi.org/project/\(rest)/\(version)/"
        }
    }

    /// Whether a text is the SHA-256 of something, in hexadecimal digits.
    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
    }
}

extension String {
    /// What stands before and after the first of a character; all of it and nothing where there is none.
    fileprivate func parted(at character: Character) -> (String, String) {
        guard let place = firstIndex(of: character) else { return (self, "") }
        return (String(self[..<place]), String(self[index(after: place)...]))
    }
}
