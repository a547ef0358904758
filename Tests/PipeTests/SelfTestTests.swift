import DVMProtocol
import Foundation
import TestSupport
import Testing

/// The whole list against the real launch, on this machine: `dvm`, the link, the guest program, Bubblewrap, the attacks.
@Suite struct `dvm selftest` {
    private static func run(_ host: HostProgram) throws -> (report: SelfTestReport, status: Int32) {
        let outcome = try host.run("dvm selftest app --json")
        let report = try JSON.decode(SelfTestReport.self, from: Array(outcome.output.utf8))
        return (report, outcome.status)
    }

    /// What a person may choose, each with a policy that says so.
    struct Choice: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// A row that the choice allows.
        var permitted = "trace a process of the session"
        var change: @Sendable (inout AgentPolicy) -> Void = { _ in }
    }

    static let choices: [Choice] = [
        Choice(testDescription: "what is usual"),
        Choice(testDescription: "access lists") { $0.access = .acl },
        Choice(testDescription: "few system calls", permitted: "a name server of its choice") {
            $0.systemCalls = .strict
        },
        Choice(testDescription: "sandboxes inside", permitted: "a new user namespace") { $0.systemCalls = .nested },
        Choice(testDescription: "git on a copy") { $0.git = .shadow },
        Choice(testDescription: "git to be read") { $0.git = .readOnly },
        Choice(testDescription: "no network") { $0.network.uplink = .none },
        Choice(testDescription: "named hosts") { $0.network.uplink = .allow },
    ]

    @Test(arguments: choices)
    func `blocks every attack, and knows that most would work outside`(choice: Choice) throws {
        let host = try HostProgram()
        var policy = AgentPolicy()
        choice.change(&policy)
        let settings = String(decoding: try JSON.encode(policy), as: UTF8.self)
        try #"{"agents":\#(settings),"codeDirectory":"\#(host.vm.project)","user":"developer"}"#
            .write(toFile: host.vm.outside("/var/lib/dvm/settings.json"), atomically: true, encoding: .utf8)
        let (report, status) = try Self.run(host)
        // Elsewhere it is as in the usual case, or the machine has no name server to ask.
        #expect(
            report.rows.first { $0.name == choice.permitted }.map { [.permitted, .blocked].contains($0.verdict) }
                == true
        )
        let rows = report.rows
        #expect(rows.count > 200)

        var open: [String: Set<String>] = [:]
        for row in rows where [.open, .unknown].contains(row.verdict) {
            open[row.subject, default: []].insert(row.name)
        }
        #expect(open == [:])
        #expect(status == (report.passed ? 0 : 1))

        // A row whose control does not work proves less; that is so only where this machine lacks the thing.
        let seen = Set(rows.filter { $0.control.worked == true }.map(\.name))
        let expected = [
            "a new user namespace", "mount", "take a mount away", "add a key", "type into its terminal",
            "signal a process outside", "read the variables of a process outside", "io_uring", "userfaultfd",
            "vsock, with high bits set", "netlink to netfilter", "raw IP", "a socket file outside",
            "the developer's files", "another tool's home", "read /etc/shadow", "climb out of the project",
            "start outside the project", "start above the project", "start in a link that leads out of the project",
            "a library for what starts the session", "a start file for what starts the session",
            "become root", "mark a program setuid", "make a device", "a process that outlives the session",
            "shared memory for the next session", "/tmp for the next session",
        ]
        #expect(Set(expected).subtracting(seen) == [])
        #expect(seen.count > 140)
    }

    @Test func `names the layers, and leaves nothing behind`() throws {
        let host = try HostProgram()
        let rows = try Self.run(host).report.rows
        let layers = Dictionary(rows.map { ($0.name, $0.layer) }) { $1 }
        let expected: [String: String] = [
            "io_uring": "system call filter", "a call in the 32-bit numbering": "system call filter",
            "become root": "user namespace", "raw IP": "no capabilities",
            "signal a process outside": "process namespace", "the developer's files": "not in the view",
            "write to /usr": "read-only mount", "shared memory for the next session": "IPC namespace",
            "/tmp for the next session": "gone with the session",
            "trace a process of the session": "DVM_AI_SECCOMP=default",
            "start outside the project": "not in the view", "a library for what starts the session": "launcher",
            "a start file for what starts the session": "launcher",
        ]
        #expect(layers.filter { expected[$0.key] != nil } == expected)

        let left = try FileManager.default.contentsOfDirectory(atPath: host.vm.outside("/var/lib/dvm").appending("/.."))
        #expect(left.sorted() == ["dvm", "dvm-agent"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: host.vm.outside("/home/developer")) == ["code"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: host.vm.outside(host.vm.project)) == [])
    }

    @Test func `shows a table, and refuses a VM that is not set up`() throws {
        let host = try HostProgram()
        let text = try host.run("dvm selftest app")
        #expect(text.output.contains("\nmounts\n✓ mount "))
        #expect(text.output.contains(" attacks: "))

        try FileManager.default.removeItem(atPath: host.vm.outside("/var/lib/dvm/settings.json"))
        let refused = try host.run("dvm selftest app")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("this VM has not been set up yet"))
    }
}
