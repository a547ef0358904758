import DVMProtocol
import TestSupport
import Testing

@Suite struct `Records of a copy` {
    private static let stamp = CopyStamp(mode: 0o640, seconds: 0x0102, nanoseconds: 3)
    private static let stampBytes: [UInt8] = [0x01, 0xA0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3]

    /// Each kind once, with the bytes the protocol's prose says.
    static let golden: [(CopyRecord, CopyRecord.Peer, [UInt8])] = [
        (.directory(name: [0x64], stamp), .sender, [0x01, 0, 0, 15] + stampBytes + [0x64]),
        (.directory(name: [], stamp), .sender, [0x01, 0, 0, 14] + stampBytes),
        (.up, .sender, [0x02, 0, 0, 0]),
        (
            .file(name: [0xFF, 0x0A], stamp, size: 0x0405, stored: 6), .sender,
            [0x03, 0, 0, 32] + stampBytes + [0, 0, 0, 0, 0, 0, 4, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0xFF, 0x0A]
        ),
        (
            .file(name: [0x66], stamp, size: nil, stored: 0), .sender,
            [0x03, 0, 0, 31] + stampBytes + [UInt8](repeating: 0xFF, count: 8) + [UInt8](repeating: 0, count: 8)
                + [0x66]
        ),
        (.link(name: [0x6C], target: [0x2E, 0x78]), .sender, [0x04, 0, 0, 4, 1, 0x6C, 0x2E, 0x78]),
        (.listed(entries: 7), .sender, [0x05, 0, 0, 4, 0, 0, 0, 7]),
        (
            .content(entry: 1, from: 2, stamp, size: 3), .sender,
            [0x06, 0, 0, 34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2] + stampBytes + [0, 0, 0, 0, 0, 0, 0, 3]
        ),
        (.data([9, 8]), .sender, [0x07, 0, 0, 2, 9, 8]),
        (.hole(258), .sender, [0x08, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2]),
        (.end(.changed), .sender, [0x09, 0, 0, 1, 1]),
        (.done(bytes: 5), .sender, [0x0A, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5]),
        (
            .want(entry: 1, from: 2, CopyDigest(key: CopyDigest.Words(3, 4), value: CopyDigest.Words(5, 6))), .receiver,
            [0x11, 0, 0, 44, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]
                + [0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6]
        ),
        (.wanted, .receiver, [0x12, 0, 0, 0]),
    ]

    @Test(arguments: golden.indices)
    func `have the bytes the protocol says, and survive being cut anywhere`(index: Int) throws {
        let (record, peer, bytes) = Self.golden[index]
        var sent: [UInt8] = []
        record.append(to: &sent)
        #expect(sent == bytes)
        for size in [1, 2, 3, 100] {
            var decoder = CopyDecoder(from: peer)
            var received: [CopyRecord] = []
            for piece in (bytes + bytes).pieces(of: size) {
                decoder.feed(piece)
                while let next = try decoder.next() { received.append(next) }
            }
            #expect(received == [record, record])
            #expect(decoder.pendingBytes == 0)
        }
    }

    private static func record(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
        [kind, 0, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }

    @Test(
        arguments: [
            // Kinds there are not, and the receiver's from the sender.
            [0, 0, 0, 0], [0x0B, 0, 0, 0], [0x11, 0, 0, 20], [0xFF, 0xFF, 0xFF, 0xFF],
            // Lengths that no such record has, refused before anything comes.
            [0x07, 0, 0, 0], [0x07, 1, 0, 1], [0x01, 0, 1, 14], [0x02, 0, 0, 1], [0x04, 0xFF, 0xFF, 0xFF],
            // Names that lead elsewhere, or nowhere.
            record(0x01, stampBytes + Array("..".utf8)), record(0x01, stampBytes + Array(".".utf8)),
            record(0x01, stampBytes + Array("a/b".utf8)), record(0x01, stampBytes + Array("/".utf8)),
            record(0x01, stampBytes + [0x61, 0]),
            record(0x04, [2, 0x2E, 0x2E, 0x78]), record(0x04, [3, 0x61, 0x62]), record(0x04, [0, 0x61, 0x62]),
            record(0x04, [1, 0x61, 0x62, 0]), record(0x04, [200, 0x61, 0x62]),
            // Modes with more than rights, times that are none, sizes that are none.
            record(0x01, [0x08, 0] + stampBytes.dropFirst(2) + [0x61]),
            record(0x01, stampBytes.dropLast(4) + [0x3B, 0x9A, 0xCA, 0, 0x61]),
            record(0x03, stampBytes + [0x80] + [UInt8](repeating: 0, count: 15) + [0x61]),
            record(0x03, stampBytes + [UInt8](repeating: 0, count: 15) + [1, 0x61]),
            record(0x08, [UInt8](repeating: 0, count: 8)), record(0x08, [UInt8](repeating: 0xFF, count: 8)),
            record(0x09, [3]),
        ] as [[UInt8]]
    )
    func `that lie are refused, and so is everything after them`(bytes: [UInt8]) {
        var decoder = CopyDecoder(from: .sender)
        decoder.feed(bytes[...])
        #expect(throws: ProtocolViolation.self) { try decoder.next() }
        decoder.feed([0x02, 0, 0, 0][...])
        #expect(throws: ProtocolViolation.self) { try decoder.next() }
        #expect(decoder.pendingBytes <= 4)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `of a stranger never make the decoder hold more than came, or go round for ever`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var worst = 0
        for _ in 0..<5000 {
            var bytes: [UInt8] = []
            for _ in 0...Int(random.next() % 3) { bytes += Self.golden[Int(random.next() % 12)].2 }
            for _ in 0..<Int(random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            var decoder = CopyDecoder(from: .sender)
            var tree = CopyTree()
            var ledger = CopyLedger(wants: [(0, 0), (1, 2)], most: 100)
            for piece in bytes.pieces(of: 1 + Int(random.next() % 20)) {
                decoder.feed(piece)
                var turns = 0
                while let record = try? decoder.next() {
                    turns += 1
                    _ = try? tree.add(record)
                    _ = try? ledger.take(record)
                }
                worst = max(worst, decoder.pendingBytes - bytes.count, turns - bytes.count)
            }
        }
        #expect(worst <= 0)
    }
}

@Suite struct `The list of a copy` {
    private static let stamp = CopyStamp(mode: 0o755, seconds: 0, nanoseconds: 0)
    private static func directory(_ name: String) -> CopyRecord { .directory(name: Array(name.utf8), stamp) }
    private static func file(_ name: String) -> CopyRecord {
        .file(name: Array(name.utf8), stamp, size: 5, stored: 5)
    }
    private static func link(_ target: String) -> CopyRecord { .link(name: [0x6C], target: Array(target.utf8)) }

    @Test func `knows the path of every entry`() throws {
        var tree = CopyTree()
        for record in [
            Self.directory("a"), Self.directory("b"), Self.file("c"), .up, Self.link("b/c"), .up, Self.file("d"),
            .listed(entries: 5),
        ] { _ = try tree.add(record) }
        #expect(tree.nodes.indices.map { tree.path($0).shown } == ["a", "a/b", "a/b/c", "a/l", "d"])
        #expect(tree.target(3) == Array("b/c".utf8))
        #expect(tree.directories(of: 2) == [0, 1])
        #expect(tree.stored == 10)
    }

    /// Records of which the last is one too many, with a name for them: records themselves fill a log.
    struct Excess: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var records: [CopyRecord]

        init(_ name: String, _ records: [CopyRecord]) {
            testDescription = name
            self.records = records
        }
    }

    @Test(
        arguments: [
            Excess("up from the top", [.up]), Excess("up twice", [directory("a"), .up, .up]),
            Excess("no name", [directory("a"), directory("")]),
            Excess("an end in a directory", [directory("a"), .listed(entries: 1)]),
            Excess("a count that is wrong", [directory("a"), .up, .listed(entries: 2)]),
            Excess("data", [.data([1])]), Excess("the end of all", [.done(bytes: 0)]),
            Excess(
                "sizes",
                [CopyRecord](repeating: .file(name: [0x61], stamp, size: .max / 2, stored: .max / 2), count: 3)
            ),
            Excess("levels", [CopyRecord](repeating: directory("a"), count: CopyLimits.depth + 1)),
            Excess("a long path", [CopyRecord](repeating: directory(String(repeating: "n", count: 255)), count: 17)),
            Excess("a link out of the top", [link("../x")]), Excess("a link at the top", [link("x")]),
            Excess("a link out of a directory", [directory("a"), link("../x")]),
            Excess("a link to an absolute path", [directory("a"), link("/etc")]),
        ]
    )
    func `has an end to what it takes`(excess: Excess) throws {
        var tree = CopyTree()
        for record in excess.records.dropLast() { _ = try tree.add(record) }
        #expect(throws: ProtocolViolation.self) { try tree.add(try #require(excess.records.last)) }
    }

    @Test func `takes a million entries and not one more`() throws {
        var tree = CopyTree()
        for _ in 0..<CopyLimits.entries { _ = try tree.add(Self.file("f")) }
        #expect(throws: ProtocolViolation.self) { try tree.add(Self.file("f")) }
    }

    @Test(
        arguments: [
            ("x", 0, false), ("x", 1, true), ("a/b/c", 1, true), ("./a", 1, true), ("../x", 1, false),
            ("../x", 2, true),
            ("../../x", 2, false), ("../../x", 3, true), ("a/../b", 5, false), ("..", 2, true), ("..", 1, false),
            ("/etc/passwd", 9, false), ("/", 9, false), ("", 9, false), (".", 1, true), ("a//b/", 1, true),
            ("../a/..", 5, false), ("./../x", 1, false), ("....", 1, true),
        ] as [(String, Int, Bool)]
    )
    func `keeps links that stay inside`(target: String, depth: Int, inside: Bool) {
        #expect(LinkTarget.staysInside(Array(target.utf8), depth: depth) == inside)
    }
}

@Suite struct `The account of a copy` {
    private static let stamp = CopyStamp(mode: 0o644, seconds: 0, nanoseconds: 0)
    private static func content(_ entry: UInt32, _ size: UInt64?, from: UInt64 = 0) -> CopyRecord {
        .content(entry: entry, from: from, stamp, size: size)
    }

    @Test func `follows files with holes to their ends`() throws {
        var ledger = CopyLedger(wants: [(3, 0), (5, 4)], most: 100)
        let steps = try [
            Self.content(3, 12), .data([1, 2]), .hole(8), .data([3, 4]), .end(.whole), Self.content(5, 5, from: 4),
            .data([9]), .end(.whole), .done(bytes: 5),
        ].map { try ledger.take($0) }
        #expect(
            steps == [
                .begin(entry: 3, from: 0, Self.stamp, size: 12), .write([1, 2], at: 0), .skip(to: 10),
                .write([3, 4], at: 10), .end(.whole, size: 12), .begin(entry: 5, from: 4, Self.stamp, size: 5),
                .write([9], at: 4), .end(.whole, size: 5), .done,
            ]
        )
    }

    @Test(
        arguments: [
            [.data([1])], [.hole(1)], [.end(.whole)], [.done(bytes: 0)], [.up], [content(4, 1)],
            [content(3, 2), .data([1]), .end(.whole)], [content(3, 2), .data([1, 2, 3])], [content(3, 2), .hole(3)],
            [content(3, 2), .hole(.max)], [content(3, 2), content(3, 2)], [content(3, 9, from: 5)],
            [content(3, nil), .data([1]), .end(.whole), content(3, nil)],
            [content(3, 0), .end(.whole), .done(bytes: 1)], [content(3, 0), .done(bytes: 0)],
        ] as [[CopyRecord]]
    )
    func `ends where the sender lies`(records: [CopyRecord]) throws {
        var ledger = CopyLedger(wants: [(3, 0)], most: 100)
        for record in records.dropLast() { _ = try ledger.take(record) }
        #expect(throws: ProtocolViolation.self) { try ledger.take(try #require(records.last)) }
    }

    @Test func `ends where it is too much, whatever was announced`() throws {
        var ledger = CopyLedger(wants: [(0, 0)], most: 3)
        _ = try ledger.take(Self.content(0, nil))
        _ = try ledger.take(.data([1, 2, 3]))
        #expect(throws: Refusal.self) { try ledger.take(.data([4])) }
    }
}

@Suite struct `The digest of a beginning` {
    private static let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    private static let key = CopyDigest.Words(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210)

    private static func digest(_ pieces: [ArraySlice<UInt8>], _ key: CopyDigest.Words = key) -> CopyDigest {
        var hash = CopyHash(under: key)
        for piece in pieces { hash.update(piece) }
        return hash.digest
    }

    /// Computed with whole numbers of any size: the polynomial of seven bytes each, then of the number of bytes.
    @Test(
        arguments: [
            (bytes, key, CopyDigest.Words(0x10D9_67B2_6D45_278A, 0x0371_F934_1E07_61B2)),
            // The greatest coefficients, and the greatest and the least of numbers.
            (
                [UInt8](repeating: 255, count: 21), CopyDigest.Words(1 << 61 - 2, 1 << 61),
                CopyDigest.Words(0x1EFF_FFFF_FFFF_FFEB, 0)
            ),
            ([], key, CopyDigest.Words(0, 0)),
        ]
    )
    func `is the polynomial at the key`(bytes: [UInt8], key: CopyDigest.Words, value: CopyDigest.Words) {
        #expect(Self.digest([bytes[...]], key) == CopyDigest(key: key, value: value))
    }

    @Test func `does not depend on how it was read, and on everything else`() {
        let bytes = Self.bytes
        let whole = Self.digest([bytes[...]])
        for size in [1, 3, 7, 8, 999] { #expect(Self.digest(bytes.pieces(of: size)) == whole) }
        var seen: Set<CopyDigest> = [whole]
        for length in 0..<1000 { #expect(seen.insert(Self.digest([bytes[..<length]])).inserted) }
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(seen.insert(Self.digest([other[...]])).inserted)
        }
        #expect(Self.digest([[0, 0][...]]) != Self.digest([[0, 0, 0][...]]))
    }

    /// One more in a coefficient is made up for by the key less in the next.
    @Test func `of bytes that were made for a key is theirs under no other`() {
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]
        let forged: [UInt8] = [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xFC, 0x18]
        func passes(_ key: CopyDigest.Words) -> Bool {
            Self.digest([bytes[...]], key) == Self.digest([forged[...]], key)
        }
        #expect(passes(CopyDigest.Words(1000, 1000)))
        #expect(!passes(CopyDigest.Words(1000, 1001)) && !passes(CopyDigest.Words(1001, 1000)))
        #expect((0..<100).allSatisfy { _ in !passes(.random()) })
    }
}

@Suite struct `A path of raw bytes` {
    @Test func `travels as JSON whatever its bytes are`() throws {
        let path = RawPath((1...255).map { UInt8($0) })
        #expect(try JSON.decode(RawPath.self, from: JSON.encode(path)) == path)
        #expect(throws: (any Error).self) { try JSON.decode(RawPath.self, from: Array("\"\u{100}\"".utf8)) }
    }

    @Test(
        arguments: [
            ("", true), (".", true), ("a/.", true), ("a/./", true), ("..", true), ("/", true), ("a", false),
            ("a/", false), (".a", false), ("a/..b", false),
        ] as [(String, Bool)]
    )
    func `says when it means contents`(text: String, means: Bool) {
        #expect(RawPath(text).meansContents == means)
    }
}
