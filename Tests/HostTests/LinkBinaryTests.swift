import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// The smallest ELF file that has a build id: a header, one program header and one note.
struct TinyELF {
    var bytes: [UInt8]

    init(build: [UInt8] = [0xAB, 0x01, 0xFF, 0x10], noteType: UInt64 = 3, owner: String = "GNU\0") {
        bytes = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 57)
        set(32, 64, bytes: 8)
        set(54, 56, bytes: 2)
        set(56, 1, bytes: 2)
        bytes += [UInt8](repeating: 0, count: 56)
        var note: [UInt8] = []
        for value in [UInt64(owner.utf8.count), UInt64(build.count), noteType] {
            for shift in [0, 8, 16, 24] { note.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        note += Array(owner.utf8)
        note += [UInt8](repeating: 0, count: (4 - note.count % 4) % 4)
        note += build
        note += [UInt8](repeating: 0, count: (4 - note.count % 4) % 4)
        set(64, 4, bytes: 4)
        set(64 + 8, UInt64(bytes.count), bytes: 8)
        set(64 + 32, UInt64(note.count), bytes: 8)
        bytes += note
    }

    /// Writes a little-endian number.
    mutating func set(_ index: Int, _ value: UInt64, bytes count: Int) {
        for place in 0..<count { bytes[index + place] = UInt8(truncatingIfNeeded: value >> UInt64(place * 8)) }
    }
}

@Suite struct `The build id of a program` {
    private let fixture: HostFixture
    private let file: FileDescriptor

    init() throws {
        fixture = try HostFixture()
        file = try FileDescriptor.open(
            FilePath("\(fixture.root)/elf"),
            .readWrite,
            options: [.create, .closeOnExec],
            permissions: .ownerReadWrite
        )
    }

    private func read(_ bytes: [UInt8]) throws -> String {
        try file.resize(to: 0)
        try file.writeAll(toAbsoluteOffset: 0, bytes)
        return try ELFBuildID.read(file)
    }

    @Test func `is the note the linker made`() throws {
        #expect(try read(TinyELF().bytes) == "ab01ff10")
        // A SHA-1, as our linker makes it, and a length that needs padding.
        #expect(try read(TinyELF(build: [UInt8](0..<20)).bytes) == "000102030405060708090a0b0c0d0e0f10111213")
        #expect(try read(TinyELF(build: [7]).bytes) == "07")
        try file.close()
    }

    @Test func `is that of this very program`() throws {
        let product = try FileDescriptor.open(FilePath(Products.path("dvm-guest")), .readOnly)
        #expect(try ELFBuildID.read(product).count >= 16)
        try product.close()
        try file.close()
    }

    @Test func `is not another note`() throws {
        #expect(throws: (any Error).self) { try read(TinyELF(noteType: 1).bytes) }
        #expect(throws: (any Error).self) { try read(TinyELF(owner: "GNU").bytes) }
        #expect(throws: (any Error).self) { try read(TinyELF(owner: "stapsdt\0").bytes) }
        try file.close()
    }

    @Test func `is not in a file that was cut short`() throws {
        let whole = TinyELF().bytes
        for length in 0..<whole.count { #expect(throws: (any Error).self) { try read(Array(whole.prefix(length))) } }
        try file.close()
    }

    @Test(
        arguments: [
            // 32 bits, big-endian, a script.
            (4, 1, 1), (5, 2, 1), (0, 0x23, 1),
            // Where the table is, how large its entries are and how many.
            (32, .max, 8), (32, 1 << 62, 8), (32, 0x7FFF_FFFF_FFFF, 8), (54, 0, 2), (54, 55, 2), (56, 0, 2),
            (56, 65, 2), (56, 0xFFFF, 2),
            // Where the note is and how large.
            (64, 1, 4), (72, .max, 8), (72, 1 << 63, 8), (96, .max, 8), (96, 4097, 8), (96, 0, 8), (96, 11, 8),
            // What the note says of itself.
            (120, 0xFFFF_FFFF, 4), (120, 257, 4), (124, 0xFFFF_FFFF, 4), (124, 1025, 4), (124, 5, 4),
        ] as [(Int, UInt64, Int)]
    )
    func `is not found by believing absurd numbers`(index: Int, value: UInt64, bytes: Int) throws {
        var elf = TinyELF()
        elf.set(index, value, bytes: bytes)
        #expect(throws: (any Error).self) { try read(elf.bytes) }
        try file.close()
    }

    @Test func `is looked for in any file without harm`() async throws {
        var random = SeededGenerator(seed: 64)
        let whole = TinyELF(build: [UInt8](0..<20)).bytes
        var found = 0
        for round in 0..<65_536 {
            // Other tests wait for their turn, some of them against the clock.
            if round % 256 == 0 { await Task.yield() }
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] =
                    [0, 0xFF, 0x80, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
            }
            try file.writeAll(toAbsoluteOffset: 0, bytes)
            if let id = try? ELFBuildID.read(file) {
                found += 1
                #expect(id.count <= 2048)
            }
        }
        // Most bytes of so small a file matter, and some do not.
        #expect((1000..<60_000).contains(found))
        try file.close()
    }
}

@Suite struct `The copy of the guest program` {
    private let fixture: HostFixture
    private var executable: FilePath { FilePath("\(fixture.root)/bin/dvm") }

    init() throws { fixture = try HostFixture() }

    private func refusal(_ architecture: String) -> Refusal? {
        do throws(Refusal) {
            _ = try GuestBinary(architecture: architecture, executable: executable)
            return nil
        } catch {
            return error
        }
    }

    @Test func `is beside the installed dvm`() throws {
        let place = "share/dvm/guest/aarch64/dvm-guest"
        try fixture.write(place, "")
        let file = try FileDescriptor.open(FilePath("\(fixture.root)/\(place)"), .writeOnly)
        try file.writeAll(TinyELF().bytes)
        try file.close()

        let copy = try GuestBinary(architecture: "aarch64", executable: executable)
        #expect(copy.path == FilePath("\(fixture.root)/\(place)"))
        #expect(copy.build == "ab01ff10")
        #expect(copy.size == TinyELF().bytes.count)
    }

    @Test func `is missing with a remedy`() throws {
        let refusal = refusal("x86_64")
        #expect(
            refusal?.message
                == "there is no guest program for x86_64 at \(fixture.root)/share/dvm/guest/x86_64/dvm-guest: "
                + "No such file or directory"
        )
        #expect(refusal?.hint?.contains("make install") == true)
    }

    @Test func `is not any file`() throws {
        try fixture.write("share/dvm/guest/x86_64/dvm-guest", "#!/bin/sh\n")
        #expect(refusal("x86_64")?.message.hasSuffix("is not a guest program") == true)
        try fixture.remove("share/dvm/guest/x86_64/dvm-guest")
        try fixture.makeDirectory("share/dvm/guest/x86_64/dvm-guest")
        #expect(refusal("x86_64")?.message.hasSuffix("is not a guest program") == true)
    }

    @Test(arguments: ["", "riscv64", "../../../etc", "x86_64/..", "\u{1B}[31m"])
    func `is for an architecture there is`(architecture: String) {
        #expect(
            refusal(architecture)
                == Refusal(
                    "dvm has no guest program for the architecture “\(architecture.printable)”",
                    hint: "use x86_64 or aarch64"
                )
        )
    }
}
