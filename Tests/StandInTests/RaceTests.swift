import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// Two commands on one VM, the second begun while Lima is busy with the first.
@Suite(.serialized) struct `Commands on one VM at a time` {
    private let stage: SyncStage

    init() throws {
        stage = try SyncStage()
        // As Lima does it: each VM has a directory, with a file that is written when it is made.
        let limactl = try #require(stage.fixture.read("bin/limactl"))
        let made = "mkdir -p \"$root/lima/$4\"; echo 2.2.0 >\"$root/lima/$4/lima-version\"; "
        try stage.fixture.write(
            "bin/limactl",
            limactl.replacing("  create)\n", with: "  create) \(made)\n")
                .replacing("  delete) ", with: "  delete) rm -rf \"$root/lima/$last\"; ")
                .replacing(
                    "sleep \"$(cat \"$root/pause-$verb\")\"",
                    with: "until [ -e \"$root/go\" ]; do sleep 0.02; done"
                ),
            mode: 0o700
        )
        try stage.fixture.write("lima/dvm-app/lima-version", "2.1.3")
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var first: String
        /// What Lima is busy with then.
        var busy: String
        var second: String
        var status: Int32 = 0
        /// What the second says.
        var says: String
        /// All that Lima was told to do.
        var changes: [String]
        var state = "Running"
        var testDescription: String { "\(first), \(second)" }
    }

    private static let delete = "delete --tty=false --force dvm-app"
    private static let stop = "stop --tty=false dvm-app"
    private static let start = "start --tty=false dvm-app"
    private static let clone = "clone --tty=false dvm-app dvm-web"
    private static let create = "create --tty=false --name dvm-app"

    private static let cases: [Case] = [
        Case(
            first: "rm app --yes",
            busy: "delete",
            second: "rm app --yes",
            says: "app has not been made, so there is no VM to delete",
            changes: [delete]
        ),
        Case(
            first: "rm app --yes --config",
            busy: "delete",
            second: "rm app --yes --config",
            says: "app has not been made, so there is no VM to delete",
            changes: [delete]
        ),
        Case(
            first: "rm app --yes",
            busy: "delete",
            second: "reset app --yes",
            says: "✓ app is ready",
            changes: [delete, create, start]
        ),
        Case(
            first: "rm app --yes --config",
            busy: "delete",
            second: "reset app --yes",
            status: 1,
            says: "there is no VM called “app”",
            changes: [delete]
        ),
        Case(
            first: "rm app --yes --config",
            busy: "delete",
            second: "sync app",
            status: 1,
            says: "there is no VM called “app”",
            changes: [delete]
        ),
        Case(
            first: "rm app --yes",
            busy: "delete",
            second: "stop app",
            says: "app has not been made, so there is nothing to stop",
            changes: [delete]
        ),
        Case(
            first: "rm app --yes",
            busy: "delete",
            second: "start app",
            status: 1,
            says: "app has not been made yet",
            changes: [delete]
        ),
        Case(
            first: "rm app --yes",
            busy: "delete",
            second: "clone app web",
            status: 1,
            says: "app has not been made yet, so there is nothing to copy",
            changes: [delete]
        ),
        // Not the one that was there when somebody said so.
        Case(
            first: "reset app --yes",
            busy: "delete",
            second: "rm app --yes",
            status: 1,
            says: "app was made anew while `dvm rm` waited for another dvm",
            changes: [delete, create, start]
        ),
        Case(
            first: "reset app --yes",
            busy: "delete",
            second: "reset app --yes",
            status: 1,
            says: "app was made anew while `dvm reset` waited for another dvm",
            changes: [delete, create, start]
        ),
        Case(
            first: "reset app --yes",
            busy: "delete",
            second: "stop app",
            says: "stopping app",
            changes: [delete, create, start, stop]
        ),
        Case(
            first: "clone app web",
            busy: "clone",
            second: "clone app web",
            status: 1,
            says: "there is a VM called web already",
            changes: [clone],
            state: "Stopped"
        ),
        Case(
            first: "clone app web",
            busy: "clone",
            second: "clone web app",
            status: 1,
            says: "web is itself a copy of app",
            changes: [clone],
            state: "Stopped"
        ),
        Case(
            first: "clone app web",
            busy: "clone",
            second: "rm app --yes --force",
            says: "deleting app",
            changes: [clone, delete],
            state: "Stopped"
        ),
        Case(first: "stop app", busy: "stop", second: "stop app", says: "app is stopped already", changes: [stop]),
        Case(first: "stop app", busy: "stop", second: "start app", says: "starting app", changes: [stop, start]),
        Case(
            first: "stop app",
            busy: "stop",
            second: "restart app",
            says: "starting app",
            changes: [stop, start]
        ),
        Case(
            first: "start app",
            busy: "start",
            second: "start app",
            says: "app runs already",
            changes: [start],
            state: "Stopped"
        ),
        Case(
            first: "start app",
            busy: "start",
            second: "stop app",
            says: "stopping app",
            changes: [start, stop],
            state: "Stopped"
        ),
    ]

    @Test(arguments: cases)
    func `do one thing after the other, and the second what is still to be done`(one: Case) throws {
        try stage.fixture.write("list.json", ListedVM.line(one.state))
        try stage.fixture.write("pause-\(one.busy)", "")
        let outcome = try stage.run(
            """
            "$DVM" \(one.first) >"$ROOT/one" 2>&1 & first=$!
            until grep -q '^\(one.busy) ' "$ROOT/calls" 2>/dev/null || ! kill -0 $first; do sleep 0.02; done
            "$DVM" \(one.second) >"$ROOT/two" 2>&1 & second=$!
            until grep -q waiting "$ROOT/two" || ! kill -0 $second; do sleep 0.02; done
            touch "$ROOT/go"; wait $second; echo $?; wait $first; echo $?
            """
        )
        let (first, second) = (stage.fixture.read("one") ?? "", stage.fixture.read("two") ?? "")
        #expect(outcome.output == "\(one.status)\n0\n", "\(first)\n\(second)")
        #expect(second.contains("waiting for dvm \(one.first.prefix { $0 != " " }) "), "\(second)")
        #expect(second.contains(one.says), "\(second)")
        let changes = stage.fixture.changes.map { $0.hasPrefix("create ") ? Self.create : $0 }
        #expect(changes == one.changes)
    }
}
