internal import DVMProtocol

/// The files of the VM's system, and its programs: another directory and nobody's programs in tests.
struct SystemTree {
    /// What its paths begin at.
    var top: FilePath = "/"
    /// Runs a program to its end, as root.
    var status: (_ words: [String]) throws(Refusal) -> Exit = { words throws(Refusal) in try Run.status(of: words) }
    /// Runs a program to its end, as root, and gives what it printed.
    var answer: (_ words: [String]) throws(Refusal) -> String = { words throws(Refusal) in
        try Entering.asRoot(words).output
    }

    /// What a file of the system's may be read by.
    static let forAll: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    private static let directories: FilePermissions = [
        .ownerReadWriteExecute, .groupReadExecute, .otherReadExecute,
    ]

    /// What a file that is dvm's alone begins with, where comments begin with `#`.
    static let mark = "# Written by dvm; `dvm sync` replaces it.\n"

    /// Where a path of the system's is.
    func path(_ absolute: String) -> FilePath { top.pushing(FilePath(String(absolute.drop { $0 == "/" }))) }

    /// Whether there is something at a path, a link that leads nowhere included.
    func has(_ path: String) -> Bool { Status.of(self.path(path)) != nil }

    /// Runs a program.
    ///
    /// - Throws: a `Refusal` when it is missing or fails.
    func program(_ words: [String]) throws(Refusal) {
        let exit = try status(words)
        guard exit == .exited(0) else {
            throw Refusal("“\(words.joined(separator: " "))” failed in the VM with status \(exit.status)")
        }
    }

    /// The text of a file; nothing where there is none.
    func text(_ path: String) throws(Refusal) -> String { try TextFile.readIfPresent(self.path(path)) }

    /// Puts a text into a file of root's, or takes the file away when there is no text.
    ///
    /// - Returns: whether that changed anything.
    func write(_ text: String?, to path: String, mode: FilePermissions = forAll) throws(Refusal) -> Bool {
        let file = self.path(path)
        guard let text else {
            guard has(path) else { return false }
            try Status.remove(file)
            return true
        }
        let directory = file.removingLastComponent()
        if Status.of(directory) == nil { _ = try Directories.make(directory, mode: Self.directories) }
        return try TextFile.write(text, to: file, mode: mode)
    }
}
