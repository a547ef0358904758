import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Services that are signed in` {
    let scratch = ScratchDirectory()
    private var top: FilePath { FilePath(scratch.path) }

    /// What was switched off.
    private final class Stopped { var names: [String] = [] }

    private func services(_ stopped: Stopped = Stopped(), failing: Bool = false) -> OwnServices {
        OwnServices(
            directory: top.pushing("var/lib/dvm/own"),
            root: top,
            records: UnitRecords(directory: top.pushing("var/lib/dvm/units"))
        ) { (name) throws(Refusal) in
            if failing { throw Refusal("it cannot be stopped") }
            stopped.names.append(name)
        }
    }

    private func make(_ script: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-ec", "umask 022; cd '\(scratch.path)'; mkdir -p var/lib/dvm/own var/lib/dvm/units; \(script)",
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private func exists(_ path: String) -> Bool { Status.of(top.pushing(FilePath(path))) != nil }

    @Test func `are switched off, lose what they are signed in with, and are set up anew`() throws {
        try make(
            """
            mkdir -p var/lib/tailscale/certs etc/cloudflared
            echo x | tee var/lib/tailscale/state var/lib/tailscale/certs/a etc/cloudflared/dvm.token etc/cloudflared/other
            ln -s /etc var/lib/tailscale/link
            printf 'unit tailscale\\npath /var/lib/tailscale\\n' >var/lib/dvm/own/tailscaled.service
            printf 'unit cloudflared\\npath /etc/cloudflared/dvm.token\\npath /etc/gone/x\\n' >var/lib/dvm/own/dvm-c.service
            touch var/lib/dvm/units/tailscale.json var/lib/dvm/units/cloudflared.json var/lib/dvm/units/node.json
            """
        )
        let stopped = Stopped()
        #expect(try services(stopped).signOut() == ["cloudflared", "tailscale"])
        #expect(stopped.names == ["dvm-c.service", "tailscaled.service"])
        #expect(!exists("var/lib/tailscale") && !exists("etc/cloudflared/dvm.token") && exists("etc/cloudflared/other"))
        #expect(Listing.names(in: top.pushing("var/lib/dvm/units")) == ["node.json"])
        #expect(FileManager.default.fileExists(atPath: "/etc/passwd"))
        // There is nothing more to do.
        #expect(Listing.names(in: top.pushing("var/lib/dvm/own")) == [])
        #expect(try services(stopped).signOut() == [])
        #expect(stopped.names.count == 2)
    }

    @Test(
        arguments: [
            "unit x\npath /etc\n", "unit x\npath etc/passwd\n", "unit x\npath /var/../etc/passwd\n",
            "path /var/lib/x\n",
            "unit ../x\npath /var/lib/x\n", "unit x\nservice y\n", "unit\n", "path\n", "",
        ]
    )
    func `are not guessed at`(text: String) { #expect(throws: Refusal.self) { try OwnServices.Entry(text) } }

    /// Root would remove what a user has put there, or where a user's link leads.
    @Test(
        arguments: [
            "chmod 777 var/lib/x", "chown 1000 var/lib/x", "chmod 1777 var/lib/x/state", "chown 1000 var/lib/x/state",
            "mv var/lib/x var/lib/y; ln -s y var/lib/x",
        ]
    )
    func `lose nothing from where others than root can write`(script: String) throws {
        try make(
            """
            mkdir -p var/lib/x/state; touch var/lib/x/state/key
            printf 'unit x\\npath /var/lib/x/state\\n' >var/lib/dvm/own/x.service; touch var/lib/dvm/units/x.json
            \(script)
            """
        )
        #expect(throws: Refusal.self) { try services().signOut() }
        #expect(exists("var/lib/x/state/key") || exists("var/lib/y/state/key"))
        #expect(exists("var/lib/dvm/own/x.service") && exists("var/lib/dvm/units/x.json"))
    }

    @Test func `keep what they have while they cannot be switched off`() throws {
        try make("mkdir -p var/lib/x; printf 'unit x\\npath /var/lib/x\\n' >var/lib/dvm/own/x.service")
        let refusal = #expect(throws: Refusal.self) { try services(failing: true).signOut() }
        #expect(
            refusal?.message.contains("“x.service” in the VM may be signed in as the VM it was copied from") == true
        )
        #expect(exists("var/lib/x") && exists("var/lib/dvm/own/x.service"))
    }
}
