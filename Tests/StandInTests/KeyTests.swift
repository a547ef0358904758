import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Keys of a VM, shown and copied` {
    let stage: SyncStage
    private let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    private let desktop = ["DISPLAY": ":7"]

    init() throws {
        stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line())
    }

    /// A program that keeps what it is given.
    private func install(_ name: String, _ more: String = "") throws {
        let script =
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >'\(stage.fixture.root)/words'\ncat >'\(stage.fixture.root)/clip'\n"
        try stage.fixture.write("bin/\(name)", "\(script)\(more)\n", mode: 0o700)
    }

    @Test(arguments: [("--copy", "access"), ("--copy-signing", "signing")])
    func `are shown, and one is put on the clipboard`(flag: String, name: String) throws {
        try install("xclip")
        let outcome = try stage.run("\"$DVM\" ssh-key app \(flag) </dev/null", desktop)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            outcome.output.contains("    \(key) app-access\n") && outcome.output.contains("    \(key) app-signing\n")
        )
        #expect(outcome.errors.contains("the \(name) key is on the clipboard"))
        #expect(stage.fixture.read("clip") == "\(key) app-\(name)\n")
        #expect(stage.fixture.read("words") == "-in -selection clipboard\n")
    }

    @Test func `of GnuPG, too`() throws {
        try install("wl-copy")
        let outcome = try stage.run("\"$DVM\" gpg-key app --copy", ["WAYLAND_DISPLAY": "wayland-0"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            stage.fixture.read("clip")
                == "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n"
        )
        #expect(outcome.output.contains("expires: 2033-05-18"))
    }

    @Test func `do not wait for a program that stays to hand the text out`() throws {
        try install("xsel", "(exec sleep 60) &")
        let start = ContinuousClock.now
        let outcome = try stage.run("\"$DVM\" ssh-key app --copy 2>&1 | cat", desktop)
        #expect(start.duration(to: .now) < .seconds(30))
        #expect(outcome.output.contains("is on the clipboard"), "\(outcome)")
    }

    @Test func `are not copied where there is no clipboard, and nothing is asked of the VM then`() throws {
        for (variables, said) in [([:], "there is no clipboard here"), (desktop, "xclip or xsel would")] {
            let outcome = try stage.run("PATH=$ROOT/bin \"$DVM\" ssh-key app --copy", variables)
            #expect(outcome.status == 1 && outcome.errors.contains(said), "\(outcome)")
        }
        #expect(stage.asked() == [])
        try install("xclip", "exit 3")
        let failed = try stage.run("\"$DVM\" ssh-key app --copy", desktop)
        #expect(failed.status == 1 && failed.errors.contains("failed with status 3"), "\(failed)")
        #expect(failed.output.contains(key), "they are shown all the same")
    }

    @Test func `are chosen for the clipboard one at a time`() throws {
        #expect(try stage.run("\"$DVM\" ssh-key app --copy --copy-signing").status == 64)
    }

    @Test func `come as JSON`() throws {
        let outcome = try stage.run("\"$DVM\" ssh-key app --json")
        let keys = try JSON.decode(SSHKeys.self, from: Array(outcome.output.utf8))
        #expect(keys.access.line == "\(key) app-access" && keys.signing.line == "\(key) app-signing")
        #expect(keys.hosts == ["github.com"])
    }

    @Test(arguments: [
        #"{"access": "ssh-ed25519 AAAA\u001b]52;c;cm0gLXJmIH4=\u0007"}"#,
        #"{"signing": "command=\"x\" ssh-ed25519 AAAA"}"#, #"{"hosts": ["a b\u001b[2J"]}"#,
        #"{"access": "-----BEGIN OPENSSH PRIVATE KEY-----"}"#, #"{"replaced": ["x"]}"#,
    ])
    func `of a VM that lies reach neither the terminal nor the clipboard`(answer: String) throws {
        try install("xclip")
        try stage.fixture.write("vm/dvm-app/keys", answer)
        let outcome = try stage.run("\"$DVM\" ssh-key app --copy", desktop)
        #expect(outcome.status != 0 && outcome.output == "", "\(outcome)")
        #expect(!outcome.errors.contains("\u{1B}"))
        #expect(stage.fixture.read("clip") == nil)
    }

    @Test func `are not made in a dry run`() throws {
        let outcome = try stage.run("DVM_DRY_RUN=1 \"$DVM\" ssh-key app")
        #expect(outcome.status == 0 && outcome.output.contains("make SSH keys in it"), "\(outcome)")
        #expect(stage.asked() == [])
    }
}
