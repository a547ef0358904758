internal import DVMProtocol

/// The copy of the guest program this installation of dvm has for an architecture.
struct GuestBinary {
    let path: FilePath
    /// The identifier the linker made from its contents, in hexadecimal: what a guest of the same build answers.
    let build: String
    /// Its length in bytes.
    let size: Int

    /// Finds the copy beside an installed dvm: `<prefix>/bin/dvm` has it in `<prefix>/share/dvm/guest/<architecture>/`.
    ///
    /// - Throws: a `Refusal` that says how to get one.
    init(architecture: String, executable: FilePath) throws(Refusal) {
        // It becomes part of a path, and Lima said it.
        guard ["x86_64", "aarch64"].contains(architecture) else {
            throw Refusal(
                "dvm has no guest program for the architecture “\(architecture.printable)”",
                hint: "use x86_64 or aarch64"
            )
        }
        let prefix = executable.removingLastComponent().removingLastComponent()
        let path = prefix.appending("share/dvm/guest/\(architecture)/dvm-guest")
        let remedy =
            "run `make install` in dvm's source on a Linux machine of that architecture, or `make install GUEST=<file>` with a guest program built there"
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly)
        } catch {
            throw Refusal("there is no guest program for \(architecture) at \(path): \(error)", hint: remedy)
        }
        defer { try? file.close() }
        guard let build = try? ELFBuildID.read(file), let size = try? file.seek(offset: 0, from: .end), size > 0 else {
            throw Refusal("\(path) is not a guest program", hint: remedy)
        }
        self.path = path
        self.build = build
        self.size = Int(size)
    }
}

/// The build id in an ELF file (elf(5), `NT_GNU_BUILD_ID`), little-endian and 64 bits as all our guests are.
enum ELFBuildID {
    struct Unreadable: Error {}

    /// The build id of an executable, in hexadecimal.
    ///
    /// - Throws: `Unreadable`, or what the system says.
    static func read(_ file: FileDescriptor) throws -> String {
        let header = try bytes(of: file, at: 0, count: 64)
        guard header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw Unreadable() }
        let table = number(header, at: 32, bytes: 8)
        let entrySize = number(header, at: 54, bytes: 2)
        let entries = number(header, at: 56, bytes: 2)
        guard entrySize >= 56, entries <= 64 else { throw Unreadable() }
        for index in 0..<entries {
            let entry = try bytes(of: file, at: table + index * entrySize, count: 56)
            // PT_NOTE
            guard number(entry, at: 0, bytes: 4) == 4 else { continue }
            let size = number(entry, at: 32, bytes: 8)
            guard size <= 4096 else { continue }
            let notes = try bytes(of: file, at: number(entry, at: 8, bytes: 8), count: size)
            if let id = find(in: notes) { return id }
        }
        throw Unreadable()
    }

    private static func find(in notes: [UInt8]) -> String? {
        var at = 0
        while at + 12 <= notes.count {
            let nameSize = number(notes, at: at, bytes: 4)
            let valueSize = number(notes, at: at + 4, bytes: 4)
            let value = at + 12 + (nameSize + 3) / 4 * 4
            let next = value + (valueSize + 3) / 4 * 4
            guard nameSize <= 256, valueSize <= 1024, next <= notes.count else { return nil }
            // NT_GNU_BUILD_ID of the owner GNU
            if number(notes, at: at + 8, bytes: 4) == 3,
                notes[(at + 12)..<(at + 12 + nameSize)].elementsEqual("GNU\0".utf8)
            {
                return notes[value..<(value + valueSize)].hexadecimal
            }
            at = next
        }
        return nil
    }

    private static func bytes(of file: FileDescriptor, at offset: Int, count: Int) throws -> [UInt8] {
        guard offset >= 0 else { throw Unreadable() }
        var buffer = [UInt8](repeating: 0, count: count)
        let read = try unsafe buffer.withUnsafeMutableBytes {
            try unsafe file.read(fromAbsoluteOffset: Int64(offset), into: $0)
        }
        guard read == count else { throw Unreadable() }
        return buffer
    }

    private static func number(_ bytes: [UInt8], at index: Int, bytes count: Int) -> Int {
        // Masked so that an absurd offset is a large number and not a trap.
        Int(bytes[index..<(index + count)].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) } & 0x7FFF_FFFF_FFFF)
    }
}
