import DVMProtocol
import DVMTransfer
import Foundation
import TestSupport
import Testing

/// A sender that says what a test tells it, to a receiver on this computer.
private final class Script: CopyPipe {
    private var said: [UInt8] = []
    private let repeated: [UInt8]

    init(_ records: [CopyRecord], repeated: CopyRecord? = nil) {
        for record in records { record.append(to: &said) }
        var bytes: [UInt8] = []
        repeated?.append(to: &bytes)
        self.repeated = bytes
    }

    func read() throws -> [UInt8] {
        defer { said = repeated }
        return said
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {}
}

/// What a guest says, with a name for it: records themselves fill a log.
struct Lie: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var records: [CopyRecord]

    init(_ name: String, _ records: CopyRecord...) {
        testDescription = name
        self.records = records
    }
}

@Suite struct `A copy from a guest that lies` {
    private let fixture: HostFixture
    private static let stamp = CopyStamp(mode: 0o777, seconds: 1_000_000_000, nanoseconds: 0)

    init() throws {
        fixture = try HostFixture()
        try fixture.write("canary/secret", "untouched")
        try fixture.makeDirectory("here")
    }

    private static func file(_ name: String, size: UInt64? = 1, stored: UInt64 = 0) -> CopyRecord {
        .file(name: Array(name.utf8), stamp, size: size, stored: stored)
    }
    private static func directory(_ name: String) -> CopyRecord { .directory(name: Array(name.utf8), stamp) }
    private static func link(_ name: String, _ target: String) -> CopyRecord {
        .link(name: Array(name.utf8), target: Array(target.utf8))
    }
    private static func content(_ entry: UInt32, _ bytes: [UInt8]) -> [CopyRecord] {
        [.content(entry: entry, from: 0, stamp, size: UInt64(bytes.count)), .data(bytes), .end(.whole)]
    }

    /// Copies what is asked for as `asked` to `here`, and keeps the report.
    private func receive(
        _ records: [CopyRecord],
        repeated: CopyRecord? = nil,
        asked: String = "got",
        most: UInt64 = 1 << 20,
        to name: String = "here",
        mark: ((OpenFile) throws(Errno) -> Void)? = nil
    ) throws -> CopyReport {
        var options = CopyReceiver.Options()
        options.markOrigin = mark
        options.expected = [(Array(asked.utf8), Array(asked.utf8))]
        options.mostBytes = most
        var receiver = CopyReceiver(Script(records, repeated: repeated), options: options)
        let root = try OpenFile.directory(at: Array(fixture.root.utf8))
        return try receiver.run(
            .place(Place(root, Array(name.utf8)), several: false, mustBeDirectory: false, shown: name)
        )
    }

    /// Everything below the fixture that a copy could have reached.
    private func tree() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: fixture.root)
            .filter { $0.hasPrefix("here") || $0.hasPrefix("canary") }.sorted()
    }

    private let untouched = ["canary", "canary/secret", "here"]

    @Test(
        arguments: [
            Lie("another file", file(".bashrc"), .listed(entries: 1)), Lie("another directory", directory("got2")),
            Lie("a directory without a name", directory("")), Lie("a link to what is beside it", link("got", "canary")),
            Lie("a directory twice", directory("got"), .up, directory("got")),
            Lie("a file twice", file("got"), file("got")), Lie("up from the top", .up),
            Lie("the end of a list in a directory", directory("got"), .listed(entries: 1)),
            Lie("data without a list", .data([1])), Lie("the end of all without a list", .done(bytes: 0)),
            Lie("the end of a file without a list", .end(.whole)),
        ]
    )
    func `is refused before anything is written`(lie: Lie) throws {
        #expect(throws: ProtocolViolation.self) { try receive(lie.records) }
        #expect(try tree().filter { $0 != "here/got" } == untouched)
    }

    @Test(arguments: ["../canary/x", "/etc/passwd", "../../canary", "a/../../canary", ".."])
    func `is refused for a link that leads out`(target: String) throws {
        #expect(throws: ProtocolViolation.self) { try receive([Self.directory("got"), Self.link("l", target)]) }
        #expect(try tree() == ["canary", "canary/secret", "here", "here/got"])
    }

    @Test func `writes nothing through a link, whoever made it`() throws {
        // The guest's own link, and then files through it by its name.
        let first = try receive(
            [
                Self.directory("got"), Self.directory("real"), .up, Self.link("l", "real"), Self.directory("l"),
                Self.file("x"), .up, .up, .listed(entries: 5),
            ] + Self.content(4, [7]) + [.done(bytes: 1)]
        )
        #expect(!first.isWhole)
        #expect(fixture.read("here/got/real/x") == nil)
        // One that was there, to a directory and to a file.
        try fixture.link("here/got/out", to: "\(fixture.root)/canary")
        try fixture.link("here/got/file", to: "\(fixture.root)/canary/secret")
        let second = try receive(
            [
                Self.directory("got"), Self.directory("out"), Self.file("secret"), .up, Self.file("file"), .up,
                .listed(entries: 4),
            ] + Self.content(3, [65]) + [.done(bytes: 1)]
        )
        #expect(second.troubles.map(\.why) == ["a link of that name is in its place"])
        #expect(fixture.read("canary/secret") == "untouched")
        #expect(fixture.read("here/got/file") == "A")
        #expect(
            try FileManager.default.attributesOfItem(atPath: "\(fixture.root)/here/got/file")[.type]
                as? FileAttributeType == .typeRegular
        )
    }

    @Test func `does not write to a destination that is a link`() throws {
        try fixture.link("away", to: "\(fixture.root)/canary")
        #expect(throws: Refusal.self) { try receive([Self.directory("got")], to: "away") }
        #expect(try tree() == untouched)
    }

    @Test(
        arguments: [
            Lie("too much data", .data([1, 2])), Lie("too large a hole", .hole(2)), Lie("no data", .end(.whole)),
            Lie("the end of all", .done(bytes: 0)), Lie("data after all of it", .hole(1), .data([1])),
            Lie("a file in a file", .content(entry: 0, from: 0, stamp, size: 1)),
            Lie("a sum that is wrong", .data([1]), .end(.whole), .done(bytes: 2)), Lie("up", .up),
            Lie("a second list", .listed(entries: 1)),
        ]
    )
    func `leaves no file whose size was a lie`(lie: Lie) throws {
        let begin: [CopyRecord] = [
            Self.file("got"), .listed(entries: 1), .content(entry: 0, from: 0, Self.stamp, size: 1),
        ]
        #expect(throws: ProtocolViolation.self) { try receive(begin + lie.records) }
        let left = try tree()
        // Whole before the last lie, or not there at all, and never under another name.
        #expect(left == untouched || left == untouched + ["here/got"] && fixture.read("here/got") == "\u{1}")
    }

    @Test func `ends a flood of data at the limit, and leaves nothing of it`() throws {
        let endless = CopyRecord.data([UInt8](repeating: 1, count: CopyLimits.data))
        #expect(throws: Refusal.self) {
            try receive(
                [
                    Self.file("got", size: 1 << 40), .listed(entries: 1),
                    .content(entry: 0, from: 0, Self.stamp, size: 1 << 40),
                ],
                repeated: endless,
                most: 700_000
            )
        }
        #expect(try tree() == untouched)
        // What says so itself is refused before it comes.
        #expect(throws: Refusal.self) {
            try receive([Self.file("got", size: 1 << 40, stored: 1 << 40), .listed(entries: 1)], most: 700_000)
        }
    }

    /// Which limit each meets: that of names, and that of levels.
    ///
    /// A million entries are the value's own test.
    @Test(arguments: [
        Lie("names", .link(name: [0x6C], target: [UInt8](repeating: 0x78, count: RawPath.longest))),
        Lie("levels", .directory(name: [0x64], stamp)),
    ])
    func `ends a list that never ends`(endless: Lie) throws {
        try fixture.write("here/got/f", "")
        #expect(throws: ProtocolViolation.self) {
            try receive([Self.directory("got")], repeated: endless.records[0])
        }
        #expect(try tree().filter { $0.hasPrefix("canary") } == ["canary", "canary/secret"])
    }

    @Test func `reports two names that are one here, and keeps the first`() throws {
        // A list with a name twice is what two names are to a file system that does not tell them apart.
        let report = try receive(
            [
                Self.directory("got"), Self.file("a"), Self.file("a"), Self.directory("d"), .up, Self.directory("d"),
                Self.file("x"), .up, Self.link("l", "a"), Self.link("l", "d"), .up, .listed(entries: 8),
            ] + Self.content(1, [49]) + Self.content(2, [50]) + [.done(bytes: 2)]
        )
        #expect(report.troubles.map(\.path.shown) == ["got/d", "got/a", "got/l"])
        #expect(report.troubles.allSatisfy { $0.isFailure && $0.why.contains("does not tell their names apart") })
        #expect(fixture.read("here/got/a") == "1")
        #expect(try tree().filter { $0.hasPrefix("here/got/") } == ["here/got/a", "here/got/d", "here/got/l"])
    }

    @Test func `changes no mode of a file that has another name elsewhere`() throws {
        try fixture.makeDirectory("here/got")
        let canary = "\(fixture.root)/canary/secret"
        try FileManager.default.linkItem(atPath: canary, toPath: "\(fixture.root)/here/got/f")
        // Of the size and time that the guest says, so that it counts as unchanged.
        let time = Date(timeIntervalSince1970: TimeInterval(Self.stamp.seconds))
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: canary)
        let mode = try fixture.mode("canary/secret")
        try #require(mode != 0o777)
        let report = try receive(
            [Self.directory("got"), Self.file("f", size: 9), .up, .listed(entries: 2)]
                + Self.content(1, Array("touched!!".utf8)) + [.done(bytes: 9)]
        )
        #expect(report.files == 1)
        #expect(try fixture.mode("canary/secret") == mode)
        #expect(fixture.read("canary/secret") == "untouched")
        #expect(try fixture.mode("here/got/f") == 0o777)
    }

    /// What a Mac's mark of files from elsewhere is set by takes the place of the mark here.
    @Test(arguments: [nil, Errno.notSupported])
    func `marks each file that it puts in place before that has its name, and nothing else`(failure: Errno?) throws {
        try fixture.write("here/got/old", "o")
        let time = Date(timeIntervalSince1970: TimeInterval(Self.stamp.seconds))
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: "\(fixture.root)/here/got/old")
        let records =
            [
                Self.directory("got"), Self.file("old"), Self.file("a"), Self.file("b"), Self.directory("d"), .up,
                Self.link("l", "a"), .up, .listed(entries: 6),
            ] + Self.content(2, [49]) + Self.content(3, [50]) + [.done(bytes: 2)]
        var marked: [Set<String>] = []
        let report = try receive(records) { file throws(Errno) in
            let names = (try? tree()) ?? []
            marked.append(Set(names.filter { ["here/got/a", "here/got/b"].contains($0) }))
            if let failure { throw failure }
        }
        #expect(marked == [[], ["here/got/a"]])
        #expect(report.unmarked == (failure == nil ? nil : 2))
        // Nothing is lost for the want of a mark.
        #expect(report.isWhole && report.files == 2 && report.unchanged == 1)
        #expect(fixture.read("here/got/a") == "1" && fixture.read("here/got/b") == "2")
    }

    @Test func `takes rights for rights only, and no name of its own unfinished files`() throws {
        let report = try receive(
            [
                Self.directory("got"), Self.file(".dvm-cp.0000000000000000"), Self.file("f"), .up, .listed(entries: 3),
            ] + Self.content(2, [49]) + [.done(bytes: 1)]
        )
        #expect(!report.isWhole)
        #expect(try fixture.mode("here/got/f") == 0o777)
        #expect(try tree().filter { $0.hasPrefix("here/got/") } == ["here/got/f"])
    }

    @Test func `does not mistake something else for what it left`() throws {
        // A link, a directory and a hard link where the unfinished file would be.
        for kind in ["link", "hard"] {
            let name = "part-\(kind)"
            let path = "here/\(name)/\(RawPath(CopyName.part(of: Array("f".utf8))).shown)"
            try fixture.makeDirectory("here/\(name)")
            if kind == "link" {
                try fixture.link(path, to: "\(fixture.root)/canary/secret")
            } else {
                try FileManager.default.linkItem(
                    atPath: "\(fixture.root)/canary/secret",
                    toPath: "\(fixture.root)/\(path)"
                )
            }
            _ = try receive(
                [Self.directory(name), Self.file("f"), .up, .listed(entries: 2)] + Self.content(1, [49])
                    + [.done(bytes: 1)],
                asked: name
            )
            #expect(fixture.read("canary/secret") == "untouched")
            #expect(fixture.read("here/\(name)/f") == "1")
            #expect(!fixture.exists(path))
        }
    }
}
