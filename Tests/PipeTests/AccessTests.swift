import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

/// Sessions that get at the project by access lists, from the request to what is left behind.
@Suite struct `Sessions by access lists, over pipes` {
    private let vm: PretendVM

    init() throws {
        vm = try PretendVM()
        try choose(.acl)
    }

    private func choose(_ access: AgentPolicy.Access) throws {
        var policy = AgentPolicy()
        policy.access = access
        let agents = String(decoding: try JSON.encode(policy), as: UTF8.self)
        let settings = #"{"codeDirectory":"\#(vm.project)","user":"developer","agents":\#(agents)}"#
        try Data(settings.utf8).write(to: URL(filePath: vm.outside("/var/lib/dvm/settings.json")))
    }

    private func agent(_ script: String) throws -> GuestClient.Outcome {
        try GuestClient(vm).run(Program(.tool(name: "shell", arguments: ["--norc", "-c", script])))
    }

    private func developer(_ script: String) throws -> GuestClient.Outcome {
        try GuestClient(vm).run(Program(.words(["/bin/sh", "-c", "cd \(vm.project) && { \(script); }"])))
    }

    @Test func `the agent works on the developer's files, and the developer on the agent's`() throws {
        #expect(try developer("echo mine > file; mkdir sub").ending == .exit(.exited(0)))
        let session = try agent(
            "set -e; id -u; stat -c %u file; echo theirs >> file; umask 077; echo made > sub/made; mktemp -d > /dev/null"
        )
        // Not as the agent's own, which an idmapped mount would show.
        #expect(session.text == "64102\n65534\n")
        #expect(session.ending == .exit(.exited(0)), "\(session.complaint)")

        let after = try developer("set -e; stat -c %u sub/made; cat file; echo more >> sub/made; rm sub/made; ls sub")
        #expect(after.text == "64102\nmine\ntheirs\n")
        #expect(after.ending == .exit(.exited(0)), "\(after.complaint)")
    }

    @Test func `what the developer closed to all others stays closed to the agent`() throws {
        #expect(try developer("echo canary > key; chmod 600 key; echo open > other").ending == .exit(.exited(0)))
        let session = try agent("cat other; cat key")
        #expect(session.text == "open\n")
        #expect(session.complaint.contains("key"))
    }

    @Test func `nothing of it is left when sessions get at the project by an idmapped mount again`() throws {
        #expect(try developer("echo mine > file; mkdir sub").ending == .exit(.exited(0)))
        #expect(try agent("echo theirs > sub/made").ending == .exit(.exited(0)))
        let list = "find . -printf '%p %m\\n' | sort; getfacl -R -n -s -c -p . | grep -c 64102"
        #expect(try developer(list).text.hasSuffix("\n6\n"))

        try choose(.idmap)
        let session = try agent("stat -c %u file; cp -a file copy && echo copied")
        #expect(session.text == "64102\ncopied\n", "\(session.complaint)")
        // What the agent made then is its own still.
        #expect(session.notes.contains { $0.weight == .warning && $0.text.contains("not yours") })
        #expect(try developer(list).text == ". 700\n./copy 644\n./file 644\n./sub 755\n./sub/made 664\n0\n")
    }

    /// Of a file that nobody can change, also not its owner.
    @Test func `what of it could not be taken back is told`() throws {
        #expect(try developer("echo mine > file; echo mine > other").ending == .exit(.exited(0)))
        #expect(try agent("true").ending == .exit(.exited(0)))
        let file = vm.outside("\(vm.project)/file")
        func chattr(_ change: String) throws {
            let process = try Process.run(URL(filePath: "/usr/bin/chattr"), arguments: [change, file])
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw MissingPrerequisite("chattr \(change) failed") }
        }
        try chattr("+i")
        defer { try? chattr("-i") }

        try choose(.idmap)
        let notes = try agent("true").notes
        let beginning = "in the project: 1 files and directories could not be opened or changed"
        #expect(notes.contains { $0.weight == .warning && $0.text.hasPrefix(beginning) }, "\(notes)")
        let left = "getfacl -n -s -c -p file | grep -c 64102; getfacl -n -s -c -p other | grep -c 64102"
        #expect(try developer(left).text == "1\n0\n")
    }
}
