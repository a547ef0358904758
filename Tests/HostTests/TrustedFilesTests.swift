import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Files that decide what dvm does` {
    let fixture: HostFixture
    var root: String { fixture.root }

    init() throws {
        fixture = try HostFixture()
        try fixture.write("config/vms/app.sh", "DVM_CPUS=2\n")
    }

    private func read() throws(Refusal) -> String? {
        try TrustedFiles(root: FilePath("\(root)/config")).read("vms", "app.sh").map {
            String(decoding: $0.bytes, as: UTF8.self)
        }
    }

    private func refusal() -> Refusal? {
        do throws(Refusal) {
            _ = try read()
            return nil
        } catch {
            return error
        }
    }

    @Test func `are read when they are the person's alone`() throws {
        #expect(try read() == "DVM_CPUS=2\n")
    }

    @Test func `may be absent`() throws {
        try fixture.remove("config")
        #expect(try read() == nil)
    }

    @Test(arguments: ["config", "config/vms", "config/vms/app.sh"], [0o020, 0o002, 0o022])
    func `are refused when others can change them or their directories`(path: String, bits: Int) throws {
        try fixture.setMode(0o755 | bits, path)
        #expect(
            refusal()
                == Refusal(
                    "\(root)/\(path) can be changed by other users, who could make dvm run anything",
                    hint: "repair it with `chmod go-w \(root)/\(path)`"
                )
        )
    }

    @Test func `are refused below a directory that others can change`() throws {
        try fixture.setMode(0o777, "")
        #expect(refusal()?.message == "\(root) can be changed by other users, who could make dvm run anything")
    }

    @Test func `may lie below a sticky directory, which /tmp is`() throws {
        try fixture.setMode(0o1777, "")
        #expect(try read() == "DVM_CPUS=2\n")
    }

    @Test func `may not lie in a sticky directory that others can write`() throws {
        // Others could put a file of theirs there before the person does.
        try fixture.setMode(0o1777, "config/vms")
        #expect(refusal() != nil)
    }

    @Test(arguments: ["", "config", "config/vms", "config/vms/app.sh"])
    func `are refused when they or a directory on the way are another user's`(path: String) throws {
        // As root the test can give files away; dvm is told that it is somebody else otherwise.
        var files = TrustedFiles(root: FilePath("\(root)/config"))
        let place = path.isEmpty ? root : "\(root)/\(path)"
        if geteuid() == 0 { try fixture.setOwner(12345, path) } else { files.owner = 54321 }
        #expect { try files.read("vms", "app.sh") } throws: { error in
            let refusal = error as? Refusal
            return geteuid() != 0 && refusal != nil
                || refusal?.message
                    == "\(place) belongs to another user (uid 12345), who could make dvm run anything"
                    && refusal?.hint?.hasPrefix("take it over with `sudo chown 0 \(place)`") == true
        }
    }

    @Test func `may be links to files of the person's`() throws {
        try fixture.write("dotfiles/app.sh", "DVM_CPUS=3\n")
        try fixture.remove("config/vms/app.sh")
        try fixture.link("config/vms/app.sh", to: "../../dotfiles/app.sh")
        #expect(try read() == "DVM_CPUS=3\n")
    }

    @Test func `may lie in a linked directory`() throws {
        try fixture.write("dotfiles/vms/app.sh", "DVM_CPUS=3\n")
        try fixture.remove("config")
        try fixture.link("config", to: "\(root)/dotfiles")
        #expect(try read() == "DVM_CPUS=3\n")
    }

    @Test(arguments: ["dotfiles", "dotfiles/app.sh"])
    func `are refused when others can change what a link leads to`(path: String) throws {
        try fixture.write("dotfiles/app.sh", "DVM_CPUS=3\n")
        try fixture.remove("config/vms/app.sh")
        try fixture.link("config/vms/app.sh", to: "../../dotfiles/app.sh")
        try fixture.setMode(0o777, path)
        #expect(refusal()?.message == "\(root)/\(path) can be changed by other users, who could make dvm run anything")
    }

    @Test func `are refused when links lead in a circle`() throws {
        try fixture.remove("config/vms/app.sh")
        try fixture.link("config/vms/app.sh", to: "app.sh")
        #expect(refusal()?.message == "\(root)/config/vms/app.sh is a link that leads nowhere")
    }

    @Test func `are refused when they are something else`() throws {
        try fixture.remove("config/vms/app.sh")
        try fixture.makeDirectory("config/vms/app.sh")
        #expect(refusal()?.message == "\(root)/config/vms/app.sh is not a file")
    }

    @Test func `are refused when they change while they are read`() async throws {
        // A writer that never pauses, so that sooner or later it writes between two looks at the file.
        let path = "\(root)/config/vms/app.sh"
        let writer = Task.detached {
            let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: .append)
            defer { try? file.close() }
            while !Task.isCancelled {
                for _ in 0..<64 { _ = try file.writeAll("# more\n".utf8) }
                if try file.seek(offset: 0, from: .end) > 100_000 { try file.resize(to: 11) }
            }
        }
        defer { writer.cancel() }
        let expected = Refusal("\(path) changed while it was read", hint: "run the command again")
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if let found = refusal(), found == expected {
                writer.cancel()
                _ = await writer.result
                // When it is left alone, it is read.
                #expect(refusal() == nil)
                return
            }
            await Task.yield()
        }
        Issue.record("it was never noticed")
    }

    @Test func `may be root's where the system's own are asked for`() throws {
        var files = TrustedFiles(root: "/etc")
        files.owner = 54321
        #expect(throws: Refusal.self) { try files.read("passwd") }
        files.allowsRoot = true
        #expect(try files.read("passwd") != nil)
    }

    @Test(arguments: [Brief(String(repeating: "#", count: 256 * 1024 + 1)), "DVM_CPUS=2\0"])
    func `are refused when they are no text of a sensible size`(text: Brief) throws {
        try fixture.write("config/vms/app.sh", text.text)
        #expect(refusal()?.message == "\(root)/config/vms/app.sh is not a configuration file")
    }
}
