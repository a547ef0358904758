import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// A user without keys, and the process that makes them, with the real gpg and git.
private final class KeyStage {
    let stage: WorkStage
    var home: String { stage.home }

    init() throws {
        guard unsafe access("/usr/bin/gpg", X_OK) == 0 else {
            throw MissingPrerequisite("gpg is missing: apt-get install gnupg")
        }
        stage = try WorkStage(developer: 64_313)
    }

    deinit { _ = try? stage.developer("gpgconf --kill all || true") }

    /// What the process answered, as bytes.
    func answer(_ kind: KeyOrder.Kind) throws -> [UInt8] {
        let order = KeyOrder(kind: kind, home: home, host: "app")
        let look = LookOrder(uid: stage.developer, gid: stage.developer, task: .keys(order))
        return try Entering.$program.withValue(try Products.path("dvm-guest")) {
            try Entering.run(role: "look", look, within: .seconds(120)).output
        }
    }

    func gpg() throws -> GPGKey { try JSON.decode(GPGKey.self, from: try answer(.gpg)) }

    @discardableResult
    func run(_ script: String) throws -> String { try stage.developer(script) }
}

@Suite struct `The GPG key of a VM` {
    @Test func `signs commits that git verifies, and stays the same`() throws {
        let stage = try KeyStage()
        let bytes = try stage.answer(.gpg)
        let key = try JSON.decode(GPGKey.self, from: bytes)
        try key.check()
        let year = 365 * 86400
        #expect(abs(key.expires - Int(time(nil)) - year) < 2 * 86400)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("PRIVATE"))
        let output = try stage.run(
            """
            git init -q r; cd r; git config gpg.format openpgp; git config user.signingKey \(key.fingerprint)
            git commit -qS --allow-empty -m x; git verify-commit HEAD
            """
        )
        #expect(output.contains("Good signature from \"app dvm <dvm-app@local>\""), "\(output)")

        let again = try stage.gpg()
        #expect(again.fingerprint == key.fingerprint && again.expires == key.expires && again.changes == [])
        let listed = try stage.run("gpg --with-colons --list-keys")
        #expect(listed.split(separator: "\n").count { $0.hasPrefix("pub:") } == 1)
        #expect(!listed.contains("sub:"), "it signs and does nothing else")
    }

    @Test func `ends the agent it started, and no other`() throws {
        let stage = try KeyStage()
        let pid = "gpg-connect-agent --quiet --no-autostart 'GETINFO pid' /bye 2>/dev/null"
        _ = try stage.gpg()
        #expect(try stage.run(pid) == "", "none goes on with the rights of that process")
        // One of the user's may hold passphrases.
        try stage.run("gpg-agent --daemon >/dev/null")
        let before = try stage.run(pid)
        #expect(before.hasPrefix("D "))
        #expect(try stage.gpg().changes == [])
        #expect(try stage.run(pid) == before)
    }

    @Test(arguments: ["seconds=1; sleep 2", "20d"])
    func `is renewed in its last days and after them`(expiry: String) throws {
        let stage = try KeyStage()
        let key = try stage.gpg()
        let parts = expiry.split(separator: ";")
        try stage.run(
            "gpg --batch --quick-set-expire \(key.fingerprint) \(parts[0])\(parts.count > 1 ? ";\(parts[1])" : "")"
        )
        let renewed = try stage.gpg()
        #expect(renewed.fingerprint == key.fingerprint)
        #expect(renewed.expires > Int(time(nil)) + 360 * 86400)
        #expect(renewed.changes.count == 1)
    }

    @Test func `is shown without what a user's settings of gpg add`() throws {
        let stage = try KeyStage()
        try stage.run("mkdir -m 700 ~/.gnupg; printf 'comment \"run this\"\\nemit-version\\n' >~/.gnupg/gpg.conf")
        try stage.gpg().check()
    }

    @Test(arguments: ["ln -s code ~/.gnupg", "echo >~/.gnupg", "mkfifo ~/.gnupg", "ln -s /root ~/.gnupg"])
    func `is refused where its directory is something else`(script: String) throws {
        let stage = try KeyStage()
        try stage.run(script)
        let refusal = #expect(throws: Refusal.self) { try stage.gpg() }
        #expect(refusal?.message.hasPrefix("~/.gnupg in the VM is no directory of the user’s own") == true)
    }

    @Test(arguments: [
        (400, DoctorReport.Verdict.pass, "expires in 400 days"), (29, .warn, "expires in 29 days"),
        (-1, .warn, "has expired"),
    ])
    func `is warned of before it expires`(days: Int, verdict: DoctorReport.Verdict, found: String) {
        let key = GPGListing.Key(fingerprint: "", created: 0, expires: 1_000_000_000 + days * 86400)
        let check = KeyChecks.check(key, now: 1_000_000_000)
        #expect(check.verdict == verdict && check.found == found)
        #expect((check.remedy == nil) == (verdict == .pass))
    }

    @Test func `is not taken for good where gpg does not list it`() throws {
        let check = try #require(KeyChecks.check(.exited(2), [], of: "a", now: 0))
        #expect(check.verdict == .warn && check.found.hasPrefix("gpg does not list the user’s keys"))
        #expect(check.remedy != nil)
        // No key of the VM's is nothing to warn of.
        #expect(KeyChecks.check(.exited(0), [], of: "a", now: 0) == nil)
    }
}

@Suite struct `The modes of private keys` {
    private func modes(after script: String) throws -> PrivateKeyModes {
        let stage = try KeyStage()
        let key = "printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nx\\n'"
        try stage.run("umask 077; mkdir ~/.ssh; cd ~/.ssh; key() { \(key) >$1; }; key id_one; key other; \(script)")
        return try JSON.decode(PrivateKeyModes.self, from: try stage.answer(.modes))
    }

    @Test(arguments: [
        ("echo x >config; key .hidden; echo 'ssh-ed25519 A' >id_one.pub; chmod 644 id_one.pub", 3, []),
        ("chmod 644 other; chmod 660 id_one", 2, [".ssh/id_one", ".ssh/other"]),
        ("chmod 0 id_one", 2, [".ssh/id_one"]), ("chmod 777 .", 2, [".ssh"]),
        ("chmod 644 other; mkfifo id_fifo; ln -s other id_link; mkdir id_directory", 2, [".ssh/other"]),
        ("rm *", 0, []), ("cd; mv .ssh code/ssh; ln -s code/ssh .ssh", 0, []), ("cd; rm -r .ssh", 0, []),
    ])
    func `are found wrong where others get at one, or its owner does not`(
        script: String,
        count: Int,
        wrong: [String]
    ) throws {
        #expect(try modes(after: script) == PrivateKeyModes(count: count, wrong: wrong))
    }

    @Test func `are told with what to do`() {
        #expect(KeyChecks.check(PrivateKeyModes()) == nil)
        #expect(KeyChecks.check(PrivateKeyModes(count: 2))?.verdict == .pass)
        let check = KeyChecks.check(PrivateKeyModes(count: 1, wrong: [".ssh/a\u{1B}[2J"]))
        #expect(check?.verdict == .warn && check?.found == "wrong modes: ~/.ssh/a\\u{1b}[2J")
        #expect(check?.remedy?.contains("`dvm ssh-key`") == true)
    }
}

@Suite struct `Programs that keys need` {
    @Test(arguments: [(KeyProgram.gpg, "gnupg2 on Fedora"), (.keygen, "openssh-clients on Fedora")])
    func `that are missing are named with what has them`(program: KeyProgram, packages: String) throws {
        try program.check()
        let refusal = #expect(throws: Refusal.self) { try program.check(below: "/nonexistent") }
        #expect(refusal?.message == "\(program.path) is not in the VM")
        #expect(refusal?.hint?.contains(packages) == true)
    }

    @Test func `that wait for ever are ended`() {
        let start = ContinuousClock.now
        let refusal = #expect(throws: Refusal.self) {
            try Run.output(["/bin/sh", "-c", "echo x; exec sleep 61"], home: "/", within: .milliseconds(300))
        }
        #expect(refusal?.message.contains("did not end within") == true)
        #expect(start.duration(to: .now) < .seconds(20))
    }
}
