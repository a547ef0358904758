internal import DVMProtocol

/// Where a patch goes on this computer.
enum PatchDestination: Hashable {
    case standardOutput
    case file(FilePath)

    /// What a person typed: a hyphen is standard output.
    ///
    /// - Throws: a `Refusal` for what cannot be a path.
    init(_ text: String) throws(Refusal) {
        guard text != "-" else {
            self = .standardOutput
            return
        }
        guard !text.isEmpty, !text.hasSuffix("/"), !text.utf8.contains(0) else {
            throw Refusal("“\(text.printable)” is no name for a patch", hint: "name a file, or - for standard output")
        }
        self = .file(FilePath(text))
    }

    /// As people read it.
    var shown: String {
        switch self {
        case .standardOutput: "standard output"
        case .file(let path): path.shown
        }
    }

    /// Refuses what would write over something that is not to be replaced, before anything is begun.
    ///
    /// - Parameter replacing: whether a file that is there may be replaced.
    /// - Throws: a `Refusal` that names the path.
    func check(replacing: Bool) throws(Refusal) {
        guard case .file(let path) = self else { return }
        let above = path.removingLastComponent()
        guard Files.exists(above.isEmpty ? "." : above) else {
            throw Refusal("there is no directory \(above.shown)", hint: "make it first")
        }
        guard let status = try? FileStatus(ofLink: path) else { return }
        // A link is replaced as a link; what it leads to stays as it is.
        guard status.kind == .file || status.kind == .link else {
            throw Refusal("\(path.shown) is not a file that a patch could replace", hint: "name another one")
        }
        guard replacing else {
            throw Refusal("\(path.shown) is there already", hint: "name another file, or add --force to replace it")
        }
    }
}

/// A patch on its way from a guest, which could send anything and never end.
struct IncomingPatch {
    let destination: PatchDestination
    /// The most bytes that are taken.
    let most: Int
    /// Whether standard output is a terminal.
    let isTerminal: Bool
    private(set) var count = 0
    private var kept: [UInt8] = []

    init(_ destination: PatchDestination, most: Int, isTerminal: Bool) {
        (self.destination, self.most, self.isTerminal) = (destination, most, isTerminal)
    }

    /// Takes bytes in; those for a stream are handed on at once.
    ///
    /// - Throws: a `Refusal` when there are too many, or they cannot be written.
    mutating func take(_ bytes: ArraySlice<UInt8>) throws {
        count += bytes.count
        guard count <= most else {
            throw Refusal(
                "the patch is larger than \(most >> 20) MiB",
                hint: "allow more with --max-size, or get the work out with git"
            )
        }
        if destination == .standardOutput, !isTerminal {
            try Output.write(bytes)
        } else {
            kept += bytes
        }
    }

    /// Puts the whole patch where it belongs.
    ///
    /// - Throws: a `Refusal` when that is not possible; nothing is there then under the name that was asked for.
    func finish(replacing: Bool) throws {
        switch destination {
        case .standardOutput:
            guard isTerminal, count > 0 else { return }
            let text = String(decoding: kept, as: UTF8.self).printableLines
            try Output.print(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        case .file(let path):
            guard count > 0 else { return }
            try destination.check(replacing: replacing)
            try Files.replace(path, with: kept)
        }
    }
}
