import DVMProtocol
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

private let usual: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]

@Suite struct `A small file of the system` {
    private let scratch = ScratchDirectory()
    private var path: FilePath { FilePath(scratch("file")) }

    private func refusal(_ body: () throws(Refusal) -> Void) -> Refusal? {
        do throws(Refusal) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `is written with its mode, and once`() throws {
        #expect(try TextFile.write("text\n", to: path, mode: usual))
        #expect(scratch.read("file") == "text\n")
        #expect(Status.of(path)?.permissions == usual)
        #expect(try !TextFile.write("text\n", to: path, mode: usual))
        #expect(try TextFile.write("text\n", to: path, mode: .ownerReadWrite))
        #expect(Status.of(path)?.permissions == .ownerReadWrite)
        #expect(try scratch.entries() == ["file"])
    }

    @Test func `is replaced and not written over`() throws {
        try TextFile.write("old", to: path, mode: usual)
        let reader = OwnedDescriptor(try FileDescriptor.open(path, .readOnly))
        try TextFile.write("new", to: path, mode: usual)

        var buffer: [UInt8] = [0, 0, 0]
        _ = try unsafe buffer.withUnsafeMutableBytes { try unsafe reader.raw.read(into: $0) }
        #expect(buffer == Array("old".utf8))
        #expect(try TextFile.read(path) == "new")
    }

    @Test func `stays as it was when writing fails`() throws {
        try TextFile.write("old", to: path, mode: usual)
        // In the way of what is to be renamed.
        _ = unsafe mkdir(scratch("file.dvm-new"), 0o755)

        #expect(
            refusal { () throws(Refusal) in try TextFile.write("new", to: path, mode: usual) }?.message.contains(
                path.string
            ) == true
        )
        #expect(scratch.read("file") == "old")
    }

    @Test func `is not written through a link`() throws {
        try scratch.write("victim", to: "victim")
        _ = unsafe symlink(scratch("victim"), scratch("file.dvm-new"))
        #expect(refusal { () throws(Refusal) in try TextFile.write("new", to: path, mode: usual) } != nil)
        #expect(scratch.read("victim") == "victim")

        _ = unsafe unlink(scratch("file.dvm-new"))
        _ = unsafe symlink(scratch("victim"), scratch("file"))
        #expect(try TextFile.write("new", to: path, mode: usual))
        #expect(scratch.read("victim") == "victim")
        #expect(Status.of(path)?.isRegular == true)
    }

    @Test func `says what it is when it cannot be read`() throws {
        #expect(
            refusal { () throws(Refusal) in _ = try TextFile.read(path) }?.message.hasPrefix("\(path) cannot be read: ")
                == true
        )

        try scratch.write(String(repeating: "x", count: 1 << 20), to: "file")
        #expect(try TextFile.readBytes(path).count == 1 << 20)
        try scratch.write(String(repeating: "x", count: (1 << 20) + 1), to: "file")
        #expect(
            refusal { () throws(Refusal) in _ = try TextFile.read(path) } == Refusal("\(path) is larger than 1 MiB")
        )
    }
}

@Suite struct `The settings of a VM` {
    @Test(arguments: ["", "{", "null", "[]", "{}", #"{"user":"dev"}"#, #"{"user":1,"codeDirectory":"/x"}"#])
    func `are not guessed from what is damaged`(text: String) {
        #expect(throws: (any Error).self) { try JSON.decode(Settings.self, from: Array(text.utf8)) }
    }

    @Test func `come back as they were written, and may have grown`() throws {
        let settings = Settings(user: "dev", codeDirectory: "/home/dev/code/äpp")
        #expect(try JSON.decode(Settings.self, from: JSON.encode(settings, pretty: true)) == settings)
        let newer = #"{"user":"dev","codeDirectory":"/home/dev/code/äpp","more":{}}"#
        #expect(try JSON.decode(Settings.self, from: Array(newer.utf8)) == settings)
    }
}

@Suite struct `Directories of root's` {
    private let scratch = ScratchDirectory()
    private let mode: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]

    private func make(_ name: String, mode: FilePermissions? = nil, owner: UInt32 = 0) throws(Refusal) -> Bool {
        try Directories.make(FilePath(scratch(name)), mode: mode ?? self.mode, owner: owner, group: owner)
    }

    private func refusal(_ name: String, owner: UInt32 = 0) -> String? {
        do throws(Refusal) {
            _ = try make(name, owner: owner)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `are made with those above them, and once`() throws {
        #expect(try make("a/b/c", mode: .ownerReadWriteExecute, owner: 64_102))
        let made = try #require(Status.of(FilePath(scratch("a/b/c"))))
        #expect(made.uid == 64_102)
        #expect(made.gid == 64_102)
        #expect(made.permissions == .ownerReadWriteExecute)
        let above = try #require(Status.of(FilePath(scratch("a/b"))))
        #expect(above.uid == 0)
        #expect(above.permissions == mode)
        #expect(try !make("a/b/c", mode: .ownerReadWriteExecute, owner: 64_102))
    }

    @Test func `get their mode back`() throws {
        _ = try make("a")
        try scratch.give("a", to: 0, mode: 0o777)
        #expect(try !make("a"))
        #expect(Status.of(FilePath(scratch("a")))?.permissions == mode)
    }

    @Test func `are not made below what others can change`() throws {
        _ = try make("a")
        for mode in [0o775, 0o757, 0o1777] {
            try scratch.give("a", to: 0, mode: mode)
            #expect(refusal("a/b")?.hasPrefix("\(scratch("a")) can be changed by others than root") == true)
        }
        try scratch.give("a", to: 64_101, mode: 0o755)
        #expect(refusal("a/b")?.hasPrefix("\(scratch("a")) can be changed by others than root") == true)
        #expect(Status.of(FilePath(scratch("a/b"))) == nil)
    }

    @Test func `are not made through a link`() throws {
        _ = try make("real")
        _ = unsafe symlink(scratch("real"), scratch("link"))
        #expect(refusal("link")?.hasPrefix("opening \(scratch("link")): ") == true)
        #expect(refusal("link/below")?.hasPrefix("opening \(scratch("link")): ") == true)
        #expect(Status.of(FilePath(scratch("real/below"))) == nil)
    }

    @Test func `are not taken from somebody else, nor made of a file`() throws {
        _ = try make("a")
        try scratch.give("a", to: 64_101, mode: 0o755)
        #expect(refusal("a") == "\(scratch("a")) belongs to uid 64101, not to uid 0")
        try scratch.write("", to: "file")
        #expect(refusal("file") != nil)
    }

    @Test func `of a user are opened as themselves only`() throws {
        _ = try make("home", owner: 64_101)
        _ = unsafe symlink(scratch("home"), scratch("link"))
        _ = try Directories.openOwned(FilePath(scratch("home")), by: 64_101)
        for (name, uid) in [("home", 64_102), ("link", 64_101), ("link", 0), ("none", 64_101)] as [(String, UInt32)] {
            #expect(throws: Refusal.self) { _ = try Directories.openOwned(FilePath(scratch(name)), by: uid) }
        }
    }
}

@Suite struct `Bytes for a slow reader` {
    /// A pipe whose writer does not wait, with the bytes a reader took.
    private struct Pipe: ~Copyable {
        let reader: OwnedDescriptor
        let writer: OwnedDescriptor

        init() throws {
            let ends = try FileDescriptor.pipe()
            reader = OwnedDescriptor(ends.readEnd)
            writer = OwnedDescriptor(ends.writeEnd)
            _ = fcntl(ends.writeEnd.rawValue, F_SETFL, O_NONBLOCK)
        }

        func take(_ most: Int) throws -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: most)
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe reader.raw.read(into: $0) }
            return Array(buffer.prefix(count))
        }
    }

    @Test func `arrive in order however they are taken`() throws {
        let pipe = try Pipe()
        var outbox = Outbox()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        for piece in bytes.pieces(of: 99_999) { outbox.append(piece) }
        #expect(outbox.count == bytes.count)

        var taken: [UInt8] = []
        while taken.count < bytes.count {
            guard case .wrote = outbox.flush(to: pipe.writer.raw) else { break }
            taken += try pipe.take(50_001)
        }
        #expect(taken == bytes)
        #expect(outbox.isEmpty)
    }

    @Test func `wait when there is no room`() throws {
        let pipe = try Pipe()
        var outbox = Outbox()
        outbox.append([UInt8](repeating: 1, count: 1_000_000))
        guard case .wrote(let first) = outbox.flush(to: pipe.writer.raw) else {
            Issue.record("nothing was written")
            return
        }
        #expect(first > 0)
        #expect(outbox.count == 1_000_000 - first)
        #expect(outbox.flush(to: pipe.writer.raw) == .wrote(0))
    }

    @Test func `notice a reader that is gone`() throws {
        signal(SIGPIPE, SIG_IGN)
        let ends = try FileDescriptor.pipe()
        let writer = OwnedDescriptor(ends.writeEnd)
        try ends.readEnd.close()
        var outbox = Outbox()
        outbox.append([1])
        #expect(outbox.flush(to: writer.raw) == .readerGone)
    }

    @Test func `are sent to a socket without waiting for it`() throws {
        let pair = try Streams.bothWays()
        var outbox = Outbox()
        outbox.append([UInt8](repeating: 1, count: 4_000_000))
        // The other end is ours here, whose description waits: the call is told not to.
        while case .wrote(let count) = outbox.flush(to: pair.theirs.raw, isSocket: true), count > 0 {}
        #expect(!outbox.isEmpty)
    }
}
