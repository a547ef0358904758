import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

/// Sessions in a project of 10⁶ files, which all of them have: to make it takes longer than to look at it.
@Suite(.serialized) struct `A project of a million files, over pipes` {
    private static let directories = 1000
    private static let filesOfEach = 1000

    /// A VM with such a project, where one repository and one secret are found among all of it.
    private static let made = Result { try make() }
    private let vm: PretendVM

    init() throws { vm = try Self.made.get() }

    private static func make() throws -> PretendVM {
        let vm = try PretendVM()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        // As the developer, whose files they are then without a chown(2) of each.
        let script = """
            set -e; umask 022; cd "$1"
            git init -qb main .; git config core.untrackedCache false; echo x > .env
            for d in $(seq \(directories)); do mkdir $d; (cd $d; seq -f f%g \(filesOfEach) | xargs touch); done
            """
        process.arguments = [
            "--reuid", "\(vm.developer)", "--regid", "\(vm.developer)", "--clear-groups", "/bin/sh", "-c", script, "sh",
            vm.outside(vm.project),
        ]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw MissingPrerequisite("no million files can be made here") }
        return vm
    }

    private func choose(_ access: AgentPolicy.Access) throws {
        var policy = AgentPolicy()
        policy.access = access
        try vm.configure(policy)
    }

    /// A session that counts the files, changes one and makes one, and plants something git would run.
    private func session() throws -> GuestClient.Outcome {
        let script = """
            set -e; find . -name 'f[0-9]*' -type f | wc -l; cat .env 2>/dev/null | wc -c
            echo more >> 1000/f1000; mkdir made; echo new > made/file; git init -q made/planted
            git -C made/planted config core.fsmonitor ./x
            """
        return try GuestClient(vm).run(Program(.tool(name: "shell", arguments: ["--norc", "-c", script])))
    }

    private func developer(_ script: String) throws -> String {
        let client = try GuestClient(vm)
        return try client.run(Program(.words(["/bin/sh", "-c", "cd \(vm.project) && { \(script); }"]))).text
    }

    @Test(arguments: [AgentPolicy.Access.idmap, .acl])
    func `is worked on, closed where it is to be, and looked through afterwards`(_ access: AgentPolicy.Access) throws {
        try choose(access)
        let outcome = try session()

        #expect(outcome.ending == .exit(.exited(0)), "\(outcome.complaint)")
        #expect(outcome.text == "\(Self.directories * Self.filesOfEach)\n0\n")
        #expect(outcome.notes.contains { $0.text.hasPrefix("made/planted/.git/config could have made") })
        #expect(
            try developer("stat -c %s 1000/f1000; cat made/file; echo mine >> made/file && rm -r made; : > 1000/f1000")
                == "5\nnew\n"
        )
    }

    /// Small files are opened, since each could be a key; so many are not.
    @Test func `is refused when too many of them could be private keys`() throws {
        try choose(.idmap)
        let many = "mkdir decoys && cd decoys && yes 'a line as long as a short key' | head -n 101000 | split -l 1 -a 5"
        _ = try developer(many)
        let outcome = try session()
        guard case .refused(let refusal)? = outcome.ending else {
            Issue.record("not refused: \(outcome)")
            return
        }
        #expect(refusal.message.contains("more than 100000 small files near its top"))
        #expect(refusal.hint?.contains("DVM_AI_SECRETS=show") == true)
        _ = try developer("rm -r decoys")
    }

    /// What no session may cost, however large its project is: the VM's memory is for what the person does in it.
    @Test func `takes no memory for each of its files`() throws {
        try choose(.acl)
        #expect(try session().ending == .exit(.exited(0)))
        _ = try developer("rm -r made")
        var usage = rusage()
        #expect(unsafe getrusage(RUSAGE_CHILDREN.rawValue, &usage) == 0)
        // Of the largest process there was, in KiB: 64 bytes for each file would be more.
        #expect(usage.ru_maxrss < 64 << 10, "\(usage.ru_maxrss) KiB")
    }
}
