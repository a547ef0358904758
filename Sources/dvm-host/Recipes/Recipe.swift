internal import DVMProtocol

/// A recipe: a shell script that puts something into a VM, and what its header says about it.
struct Recipe: Hashable, Sendable {
    /// Whose it is, and the file it was read from.
    enum Origin: Hashable, Sendable {
        /// The person's, in the configuration directory.
        case own(FilePath)
        /// One that came with dvm.
        case bundled(FilePath)

        var path: FilePath {
            switch self {
            case .own(let path), .bundled(let path): path
            }
        }

        /// As tables show it.
        var word: String {
            switch self {
            case .own: "own"
            case .bundled: "bundled"
            }
        }
    }

    let name: RecipeName
    let header: RecipeHeader
    /// The whole file.
    let text: String
    let origin: Origin

    /// Reads a recipe from the bytes of its file.
    ///
    /// - Throws: a `Refusal` naming the file, and the line, that is wrong.
    init(_ name: RecipeName, _ bytes: [UInt8], from origin: Origin) throws(Refusal) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal("\(origin.path.shown) is not text in UTF-8", hint: "save it as UTF-8, or move it away")
        }
        self.name = name
        header = try RecipeHeader(of: text, at: origin.path)
        self.text = text
        self.origin = origin
        guard !header.needs.contains(name), !header.conflicts.contains(name) else {
            throw Refusal(
                "\(origin.path.shown): a recipe can neither need itself nor conflict with itself",
                hint: "take \(name) out of `needs:` and `conflicts:`"
            )
        }
    }
}
