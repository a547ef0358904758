import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

/// Sessions in a project of 10⁶ files, which all of them have: to make it takes longer than to look at it.
@Suite(.serialized) struct `A project of a million files, over pipes` {
    /// `DVM_TEST_DIRECTORIES` tries the tests themselves, with fewer.
    private static let directories =
        ProcessInfo.processInfo.environment["DVM_TEST_DIRECTORIES"].flatMap(Int.init) ?? 1000
    private static let filesOfEach = 1000
    /// The last file of the last directory.
    private static let last = "\(directories)/f\(filesOfEach)"

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
            echo more >> \(Self.last); mkdir made; echo new > made/file; git init -q made/planted
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
            try developer(
                "stat -c %s \(Self.last); cat made/file; echo mine >> made/file && rm -r made; : > \(Self.last)"
            ) == "5\nnew\n"
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
        #expect(usage.ru_maxrss < 72 << 10, "\(usage.ru_maxrss) KiB")
    }

    // The last ones: what they take is more, and the memory of all is looked at above.

    /// Runs a script in which `$P` is the project, and `peak` prints the status of a program, and its memory in MiB at most.
    private func run(_ script: String) throws -> HostProgram.Outcome {
        try HostProgram(vm).run(
            """
            P='\(vm.outside(vm.project))'
            peak() {
              python3 -c 'import resource, subprocess, sys
            status = subprocess.call(sys.argv[1:])
            print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)' "$@"
            }
            \(script)
            """,
            seconds: 3600
        )
    }

    /// The status and the memory that `peak` printed.
    private func peaks(_ lines: [Substring]) -> (statuses: [Int], most: Int) {
        let words = lines.map { $0.split(separator: " ").compactMap { Int($0) } }.filter { $0.count == 2 }
        return (words.map { $0[0] }, words.map { $0[1] }.max() ?? .max)
    }

    /// Of a list of a million, what there may be of each entry at each end, and what a program takes with an empty one.
    private static let mostMemory = 100 + ((directories * filesOfEach * 500) >> 20)

    @Test func `is copied out and in whole, in parts of a million, and refused at once beyond that`() throws {
        // As many as fit, with the directories and what they go into.
        let parts = min(Self.directories, 998)
        let outcome = try run(
            """
            mkdir taken; peak "$DVM" cp -r $(seq -f app:%g \(parts)) taken; find taken -type f | wc -l
            peak "$DVM" cp -r taken/. app:in/; find "$P/in" -type f | wc -l; rm -r "$P/in"
            mkdir all; peak "$DVM" cp -r app:. all; find all -type f | wc -l
            """
        )
        let lines = outcome.output.split(separator: "\n")
        let peaks = peaks(lines)
        let fits = Self.directories < 998
        #expect(peaks.statuses == [0, 0, fits ? 0 : 1], "\(outcome)")
        #expect(peaks.most < Self.mostMemory, "\(peaks.most) MiB")
        let files = "\(parts * Self.filesOfEach)"
        #expect(lines.filter { !$0.contains(" ") }.prefix(2) == [files[...], files[...]], "\(outcome)")
        if !fits {
            #expect(outcome.errors.contains("cannot be copied at once: more than 1000000 entries"), "\(outcome.errors)")
            #expect(outcome.errors.contains("copy parts of it one after the other"))
            #expect(lines.last == "0")
        }
    }

    @Test func `is told of as work and for review, with how much there is of it`() throws {
        let outcome = try run("peak \"$DVM\" work app; peak \"$DVM\" review app >review; tail -n 3 review")
        let peaks = peaks(outcome.output.split(separator: "\n"))
        #expect(peaks.statuses == [1, 0], "\(outcome)")
        #expect(peaks.most < Self.mostMemory, "\(peaks.most) MiB")
        // A directory that git was never told of counts once, and so does the secret beside them.
        let untracked = "\(Self.directories + 1) untracked files and directories"
        #expect(outcome.output.contains(untracked), "\(outcome)")
        #expect(outcome.output.utf8.count < 10_000)
    }
}
