import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Copying between this computer and a VM` {
    private let host: HostProgram
    /// The project, as this process reaches it.
    private let project: String

    init() throws {
        host = try HostProgram()
        project = host.vm.outside(host.vm.project)
    }

    private func run(_ script: String) throws -> HostProgram.Outcome {
        try host.run("P='\(project)'\n\(script)")
    }

    /// What the last lines say, without the line of the step.
    private func summary(_ outcome: HostProgram.Outcome) -> String {
        outcome.errors.split(separator: "\n").last.map(String.init) ?? ""
    }

    @Test func `puts a file into the code directory as the developer, and gets it back`() throws {
        let outcome = try run(
            """
            printf 'hello\\n' >notes.txt; chmod 640 notes.txt; touch -d '2020-02-03 04:05:06.789' notes.txt
            dvm cp notes.txt app: && stat -c '%u %g %a %y' "$P/notes.txt" && cat "$P/notes.txt"
            dvm cp app:notes.txt back.txt && stat -c '%u %a %y' back.txt && cmp notes.txt back.txt
            """
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 3)
        #expect(lines[0].hasPrefix("64101 64101 640 2020-02-03 04:05:06.789000000"))
        #expect(lines[1] == "hello")
        #expect(lines[2].hasPrefix("0 640 2020-02-03 04:05:06.789000000"))
        #expect(summary(outcome) == "• 1 file, 6 B")
    }

    @Test func `copies a tree with everything in it, both ways, and finds it unchanged the second time`() throws {
        let outcome = try run(
            """
            mkdir -p tree/a/b tree/empty 'tree/with space'
            printf x >tree/a/b/-dash; printf y >"tree/new
            line"; printf z >'tree/a:b'; : >tree/nothing; printf w >$'tree/\\xff\\xfe'
            head -c 3000000 /dev/urandom >tree/big
            ln -s ../nothing tree/a/link; ln -s a/link tree/chain; ln tree/big tree/hard
            chmod 500 tree/a/b; chmod 4755 tree/nothing; touch -d '2001-01-01' tree/empty
            dvm cp -r tree app: || exit 9
            diff -r --no-dereference tree "$P/tree" && readlink "$P/tree/a/link" "$P/tree/chain"
            stat -c '%a %n' "$P/tree/nothing" "$P/tree/a/b" | sed "s,$P,,"; stat -c %y "$P/tree/empty" | cut -c1-10
            dvm cp -r app:tree got || exit 9
            diff -r --no-dereference tree got && echo same
            dvm cp -r app:tree/. got; dvm cp -r tree app:
            """
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "../nothing\na/link\n755 /tree/nothing\n500 /tree/a/b\n2001-01-01\nsame\n")
        #expect(outcome.errors.contains("• 0 files, 0 B, 7 unchanged\n"))
    }
}
