import Foundation
import TestSupport
import Testing

/// `dvm cp` as it is installed, and a guest program that was taken over.
///
/// Everything it could want to reach is in the directory `area`: `here`, where the copy goes to, and `canary` beside it.
@Suite struct `cp from a guest program that was taken over` {
    private let stage: SyncStage
    private static let liar = "\(Products.repository.path)/Tests/Support/guest/lying-guest"

    init() throws {
        stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        try stage.fixture.write("area/canary/secret", "untouched")
        try stage.fixture.makeDirectory("area/here")
    }

    /// What one who believes every word of an attack makes of it.
    enum Believer: Sendable {
        /// Something beside the destination.
        case writesOutside
        /// Something else than dvm does: half a file, or one of another name.
        case isFooled
        /// The same: the attack is on memory, time or the terminal, or it is none.
        case isSafe
    }

    struct Attack: CustomTestStringConvertible, Sendable {
        var name: String
        /// What is there afterwards that was not before, as `find` puts it; by default nothing.
        var left: [String] = []
        /// What dvm says.
        var says: String
        var status: Int32 = 1
        var believer = Believer.isSafe
        var before = ":"
        var testDescription: String { name }
    }

    private static let top = ["d here/got"]

    static let attacks: [Attack] = [
        // Names that are none.
        Attack(name: "dot-dot", left: top, says: "“..” as the name of a file"),
        Attack(name: "dot-dot-path", left: top, says: "as the name of a file", believer: .writesOutside),
        Attack(
            name: "deep-path",
            left: top + ["d here/got/a"],
            says: "as the name of a file",
            believer: .writesOutside
        ),
        Attack(name: "absolute", left: top, says: "as the name of a file", believer: .writesOutside),
        Attack(name: "inner-slash", left: top, says: "“a/b” as the name of a file"),
        Attack(name: "nothing", left: top, says: "a file record of 30 bytes"),
        Attack(name: "dot", left: top, says: "“.” as the name of a file"),
        Attack(name: "nul", left: top, says: "as the name of a file"),
        Attack(name: "too-long", left: top, says: "a file record of 286 bytes"),
        Attack(name: "dot-dot-directory", left: top, says: "as the name of a file", believer: .writesOutside),
        Attack(name: "top-dot-dot", says: "as the name of a file", believer: .writesOutside),
        Attack(name: "other-top", says: "“.bashrc” instead of what was asked for", believer: .isFooled),
        Attack(name: "second-top", says: "“.bashrc” instead of what was asked for", believer: .isFooled),
        Attack(
            name: "part-of-ours",
            left: top + ["f here/got/x 4 "],
            says: "its name is one that dvm keeps"
        ),
        // Links.
        Attack(name: "link-outside", left: top, says: "a link that leads out", believer: .isFooled),
        Attack(name: "link-at-the-top", says: "a link that leads out", believer: .isFooled),
        Attack(name: "link-up", left: top, says: "a link that leads out", believer: .isFooled),
        Attack(name: "link-down-and-up", left: top, says: "a link that leads out", believer: .isFooled),
        Attack(name: "through-a-link", left: top, says: "a link that leads out", believer: .writesOutside),
        Attack(
            name: "through-a-chain",
            left: top + ["d here/got/a", "d here/got/a/b"],
            says: "a link that leads out",
            believer: .isFooled
        ),
        Attack(
            name: "through-links-that-stay",
            left: top + ["d here/got/l", "d here/got/real", "f here/got/l/x 4 "],
            says: "not copied: got/l: something of that name is in its place",
            believer: .isFooled
        ),
        Attack(
            name: "through-a-link-that-was-there",
            left: top + ["l here/got/out 12 ../../canary"],
            says: "not copied: got/out: a link of that name is in its place",
            before: "mkdir here/got; ln -s ../../canary here/got/out"
        ),
        Attack(
            name: "over-a-link-that-was-there",
            left: top + ["f here/got/secret 4 "],
            says: "1 file",
            status: 0,
            believer: .writesOutside,
            before: "mkdir here/got; ln -s ../../canary/secret here/got/secret"
        ),
        // Names twice.
        Attack(name: "file-twice", left: top + ["f here/got/a 4 "], says: "does not tell their names apart"),
        Attack(
            name: "file-and-directory",
            left: top + ["d here/got/a", "f here/got/a/b 4 "],
            says: "not copied: got/a: a directory of that name is in its place",
            believer: .isFooled
        ),
        Attack(
            name: "directory-twice",
            left: top + ["d here/got/d"],
            says: "not copied: got/d: another of this copy"
        ),
        Attack(
            name: "link-and-file",
            left: top + ["f here/got/a 4 "],
            says: "something of that name is in its place",
            believer: .isFooled
        ),
        // Sizes.
        Attack(name: "more", says: "a file of 4 bytes that goes on", believer: .isFooled),
        Attack(name: "less", says: "a file of 1048576 bytes that ended after 4", believer: .isFooled),
        Attack(name: "never-ended", says: "the end of a copy that is not complete", believer: .isFooled),
        Attack(name: "hole-beyond", says: "a file of 4 bytes that goes on", believer: .isFooled),
        Attack(name: "holes-that-wrap", says: "that goes on", believer: .isFooled),
        Attack(name: "negative", says: "a length of 9223372036854775808 bytes", believer: .isFooled),
        Attack(name: "stored-beyond", says: "takes more room than it is long"),
        Attack(name: "said-much", says: "--max-size allows more"),
        Attack(name: "cut", says: "the link to app was lost", believer: .isFooled),
        Attack(name: "cut-in-a-record", says: "the link to app was lost", believer: .isFooled),
        // A file may have grown since it was listed, and holes take no room.
        Attack(name: "grown", left: ["f here/got 1099511627776 "], says: "1 file", status: 0),
        Attack(name: "hollow", left: ["f here/got 1099511627776 "], says: "1 file", status: 0),
        Attack(name: "endless-file", says: "--max-size allows more", believer: .isFooled),
        Attack(name: "unknown-size", says: "a file of unknown size", believer: .isFooled),
        Attack(name: "endless-list", left: top, says: "or names too long for that", believer: .isFooled),
        // Order.
        Attack(name: "entries-after-the-list", left: top, says: "in the middle of files"),
        Attack(
            name: "entries-after-the-end",
            left: top + ["f here/got/a 4 "],
            says: "1 file",
            status: 0,
            believer: .isFooled
        ),
        Attack(name: "never-asked", says: "a file that was not asked for"),
        Attack(name: "twice", left: ["f here/got 4 "], says: "a file that was not asked for"),
        Attack(name: "without-contents", says: "the end of a copy that is not complete"),
        Attack(name: "from-the-middle", says: "from an offset that was not asked for", believer: .isFooled),
        Attack(name: "up-and-out", left: top, says: "the end of a directory that never began"),
        Attack(name: "miscounted", left: top, says: "a list of 2 entries that has 1"),
        Attack(name: "unclosed", left: top, says: "a list of 1 entries that has 1"),
        Attack(name: "unknown-record", says: "of kind 11"),
        Attack(name: "of-the-host", says: "of kind 18"),
        Attack(name: "setuid", says: "a file of mode 4755", believer: .isFooled),
        Attack(name: "no-time", says: "and 2147483648 ns", believer: .isFooled),
        // The link around it.
        Attack(name: "exit-instead", says: "an exit for a task", believer: .isFooled),
        Attack(name: "result-instead", says: "the end in the middle of a copy", believer: .isFooled),
        Attack(name: "result-twice", left: ["f here/got 4 "], says: "a result frame while the channel is ended"),
        Attack(name: "nonsense-result", left: ["f here/got 4 "], says: "a result that is not a CopyReport"),
        Attack(name: "refusal-with-escapes", says: "app says: "),
        Attack(name: "report-with-escapes", left: ["f here/got 4 "], says: "left out: ", status: 0),
    ]

    private func prepare(_ attack: String) throws {
        let script = "#!/bin/sh\nexec python3 -IS '\(Self.liar)' serve \(attack) '\(stage.fixture.root)/area'\n"
        try stage.fixture.write("guest", script, mode: 0o700)
    }

    /// Everything in the area that was not there at first.
    private func found() throws -> [String] {
        let list = "cd area && find . -mindepth 1 -type d -printf 'd %P\\n' -o -printf '%y %P %s %l\\n' | LC_ALL=C sort"
        let lines = try stage.run("\(list) | cat -v").output.split(separator: "\n").map(String.init)
        return lines.filter { !["d canary", "f canary/secret 9 ", "d here"].contains($0) }
    }

    /// Whether a terminal would only show a text.
    private func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory) }
    }

    private func isUntouched() -> Bool { stage.fixture.read("area/canary/secret") == "untouched" }

    @Test(arguments: attacks)
    func `writes nothing but what is whole, where it was told to`(of attack: Attack) throws {
        try prepare(attack.name)
        let outcome = try stage.run("cd area; \(attack.before); exec \"$DVM\" cp -r --max-size 1MiB app:got here")

        #expect(outcome.status == attack.status, "\(outcome.errors)")
        #expect(outcome.errors.contains(attack.says), "\(outcome.errors)")
        #expect(isHarmless(outcome.errors), "\(outcome.errors)")
        #expect(outcome.errors.count < 12_000)
        #expect(outcome.output == "")
        #expect(try found() == attack.left.sorted())
        #expect(isUntouched())

        // The attack is one.
        _ = try stage.run(
            """
            cd area && find . -mindepth 1 -maxdepth 1 ! -name canary ! -name here -exec rm -r {} + &&
            rm -rf here && mkdir here && \(attack.before)
            python3 -IS '\(Self.liar)' believe \(attack.name) "$ROOT/area" here
            """
        )
        let believed = try found()
        switch attack.believer {
        case .writesOutside: #expect(!isUntouched() || believed.contains { !$0.dropFirst(2).hasPrefix("here") })
        case .isFooled: #expect(believed != attack.left.sorted())
        case .isSafe: break
        }
    }

    @Test(arguments: [("deep", "more than 256 directories"), ("long-path", "a path of more than 4095 bytes")])
    func `goes down only so far`(attack: String, text: String) throws {
        try prepare(attack)
        let outcome = try stage.run("cd area; exec \"$DVM\" cp -r app:got here")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
        #expect(try found().allSatisfy { $0.hasPrefix("d here/got") })
    }

    @Test func `takes no more entries than it could hold`() throws {
        try prepare("million-and-one")
        let outcome = try stage.run(
            """
            cd area; exec python3 -c 'import resource, subprocess, sys
            status = subprocess.call(sys.argv[1:])
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
            sys.exit(status)' "$DVM" cp -r app:got here
            """
        )
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("more than 1000000 entries in one copy"), "\(outcome.errors)")
        #expect(try #require(Int(outcome.output.dropLast())) < 500, "MiB, of a list of a million")
        #expect(try found() == Self.top)
    }

    @Test func `takes names for names, whatever they look like, and shows them harmless`() throws {
        try prepare("odd-names")
        let outcome = try stage.run("cd area; \"$DVM\" cp -rn app:got here; \"$DVM\" cp -r app:got here")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(isHarmless(outcome.output), "\(outcome.output)")
        let names = ["C:\\canary\\new", "-rf", "a\nb", "\u{1b}]52;c;ZXZpbA==\u{7}", "~", "$(touch evil)", "...", " "]
        for name in names { #expect(stage.fixture.read("area/here/got/\(name)") == "evil", "\(name)") }
        // The ninth is no UTF-8; the tenth line is the directory's, the eleventh the rest of a name.
        #expect(try found().count == 11)
    }

    @Test func `does not end well where nothing was copied`() throws {
        let outcome = try stage.run("cd area; printf x >-dash; exec \"$DVM\" cp -dash app:")
        #expect(outcome.status == 64 && outcome.output == "")
        #expect(outcome.errors.contains("hint: write ./-dash for a file of that name"), "\(outcome.errors)")
    }

    /// In a stream there are no holes: each is as many zeros as the guest likes.
    @Test func `fills no stream beyond the limit with what takes no room in the VM`() throws {
        for attack in ["grown", "hollow"] {
            try prepare(attack)
            let outcome = try stage.run(
                "cd area; { \"$DVM\" cp --max-size 1MiB app:got -; echo $? >&2; } | head -c 20000000 | wc -c"
            )
            #expect(outcome.output == "0\n")
            #expect(outcome.errors.contains("--max-size allows more") && outcome.errors.hasSuffix("1\n"), "\(outcome)")
        }
        // Without that limit it could be ended, too.
        let ended = try stage.run(
            """
            cd area; set -m; "$DVM" cp --max-size 4096GiB app:got - >/dev/null & sleep 1; kill -INT $!; wait $!; echo $?
            """
        )
        #expect(ended.output == "130\n", "\(ended.errors)")
    }

    @Test func `can be ended while a guest says nothing any more, and leaves nothing then`() throws {
        try prepare("silence")
        let outcome = try stage.run(
            """
            cd area; "$DVM" cp app:got here & until ls here/.dvm-cp.* >/dev/null 2>&1; do sleep 0.01; done
            kill -INT $!; wait $!; echo $?
            """
        )
        #expect(outcome.output == "130\n", "\(outcome.errors)")
        #expect(try found() == [])
    }

    static let questions: [(String, String, Int32)] = [
        ("asks-for-nothing", "is not in the list", 1), ("asks-for-a-directory", "is not in the list", 1),
        ("asks-twice", "is not in the list", 1), ("asks-with-a-list", "a record of a copy of kind 1", 1),
        // What it has is not the beginning of this file.
        ("asks-from-beyond", "1 file, 4 B", 0),
    ]

    @Test(arguments: questions)
    func `sends only what is in its list`(attack: String, text: String, status: Int32) throws {
        try prepare(attack)
        let outcome = try stage.run("cd area; mkdir tree; printf evil >tree/f; exec \"$DVM\" cp -r tree app:")
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
    }

    @Test func `has a test for every attack there is`() throws {
        let list = try stage.run("python3 -IS '\(Self.liar)' list").output.split(separator: "\n").map(String.init)
        let other = ["deep", "long-path", "odd-names", "silence", "million-and-one"]
        #expect(Set(list) == Set(Self.attacks.map(\.name) + other + Self.questions.map(\.0)))
    }
}
