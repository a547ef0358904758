import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `What the probe's facts mean` {
    static let good = SandboxFacts(
        uid: 999,
        seccompMode: 2,
        seccompFilters: 2,
        noNewPrivileges: true,
        capabilities: ["CapEff": "0000000000000000", "CapBnd": "0000000000000000"],
        descriptors: [],
        paths: ["/root": .absent],
        attempts: [
            "keyctl": "EPERM", "clone3": "ENOSYS", "socket vsock": "EAFNOSUPPORT",
            "socket vsock, high bits": "EAFNOSUPPORT", "io_uring": "EPERM", "netlink netfilter": "EPROTONOSUPPORT",
            "type into the terminal": "EPERM", "chmod setuid": "EPERM", "create setuid": "EPERM", "mount": "EPERM",
            "new user namespace": "EPERM", "trace process 1": "ok",
        ],
        mounts: ["/", "/usr", "/workspace"],
        looseMounts: [],
        firstProcess: ["bwrap", "--args", "5", "--", "/run/dvm/guest", "inner", "6"],
        programs: ["/bin/bash": true]
    )

    @Test func `a whole sandbox passes every check`() {
        let checks = Self.good.checks(under: .standard)
        #expect(checks.allSatisfy { $0.verdict == .pass && $0.remedy == nil })
        #expect(Set(checks.map(\.name)).count == checks.count)
        #expect(checks.count == 10 + SandboxAttempt.all.count)
    }

    /// One fact spoiled: which check notices, and how.
    struct Spoiled: CustomTestStringConvertible, Sendable {
        var check: String
        var verdict: DoctorReport.Verdict = .fail
        var mentions: String
        var spoil: @Sendable (inout SandboxFacts) -> Void
        var testDescription: String { "\(check): \(mentions)" }
    }

    static let spoiled: [Spoiled] = [
        Spoiled(check: "user", mentions: "root") { $0.uid = 0 },
        Spoiled(check: "system call filter", mentions: "mode 0") { $0.seccompMode = 0 },
        Spoiled(check: "system call filter", mentions: "0 of 2 filters") { $0.seccompFilters = 0 },
        // One of two passes for confined where only the mode is looked at.
        Spoiled(check: "system call filter", mentions: "1 of 2 filters") { $0.seccompFilters = 1 },
        Spoiled(check: "new privileges", mentions: "setuid") { $0.noNewPrivileges = false },
        Spoiled(check: "capabilities", mentions: "CapBnd") { $0.capabilities["CapBnd"] = "00000000a80425fb" },
        Spoiled(check: "capabilities", mentions: "unknown") { $0.capabilities = [:] },
        Spoiled(check: "descriptors", mentions: "5, 9") { $0.descriptors = [5, 9] },
        Spoiled(check: "hidden paths", mentions: "/root can be read") { $0.paths["/root"] = .readable },
        Spoiled(check: "hidden paths", verdict: .warn, mentions: "exists") { $0.paths["/etc/shadow"] = .present },
        Spoiled(check: "mounts", mentions: "/sys/fs") { $0.mounts.append("/sys/fs") },
        Spoiled(check: "mounts", mentions: "not mounted") { $0.mounts = ["/"] },
        Spoiled(check: "setuid programs and devices", mentions: "/usr") { $0.looseMounts = ["/usr"] },
        Spoiled(check: "arguments of process 1", mentions: "--bind /home/x") {
            $0.firstProcess += ["--bind", "/home/x"]
        },
        Spoiled(check: "arguments of process 1", mentions: "unknown") { $0.firstProcess = [] },
        Spoiled(check: "tools", verdict: .warn, mentions: "/opt/x") { $0.programs["/opt/x"] = false },
        Spoiled(check: "keyctl", mentions: "ok") { $0.attempts["keyctl"] = "ok" },
        Spoiled(check: "clone3", mentions: "EINVAL") { $0.attempts["clone3"] = "EINVAL" },
        Spoiled(check: "trace process 1", mentions: "ENOSYS") { $0.attempts["trace process 1"] = "ENOSYS" },
        Spoiled(check: "mount", mentions: "not tried") { $0.attempts["mount"] = nil },
    ]

    @Test(arguments: spoiled)
    func `a part that does not hold is noticed, alone, with a remedy`(part: Spoiled) throws {
        var facts = Self.good
        part.spoil(&facts)
        let found = facts.checks(under: .standard).filter { $0.verdict != .pass }
        #expect(found.map(\.name) == ["sandbox: \(part.check)"])
        let check = try #require(found.first)
        #expect(check.verdict == part.verdict)
        #expect(check.found.contains(part.mentions))
        #expect(check.remedy != nil)
    }

    @Test func `other system calls have other answers`() {
        var strict = Self.good
        strict.attempts["trace process 1"] = "EPERM"
        #expect(strict.checks(under: .strict).allSatisfy { $0.verdict == .pass })
        #expect(
            Self.good.checks(under: .strict).filter { $0.verdict == .fail }.map(\.name) == ["sandbox: trace process 1"]
        )

        var nested = Self.good
        nested.attempts["clone3"] = "EINVAL"
        nested.attempts["new user namespace"] = "ok"
        let checks = nested.checks(under: .nested)
        #expect(checks.filter { $0.verdict == .fail } == [])
        // Never without a word: what the configuration gave up is a warning, and shown where it is seen.
        #expect(checks.filter { $0.verdict == .warn }.map(\.name) == ["sandbox: system call filter"])
        #expect(checks.count { $0.found.contains("DVM_AI_SECCOMP=nested") } == 2)
        #expect(nested.checks(under: .standard).count { $0.verdict == .fail } == 2)
    }

    @Test(
        arguments: [
            ("/usr", "ro,nosuid,nodev,relatime", false), ("/usr", "ro,nodev", true), ("/usr", "ro,nosuid", true),
            ("/dev/null", "rw,nosuid,relatime", false), ("/dev/pts", "rw,nosuid,noexec", false),
            ("/dev/null", "rw", true),
            ("/devices", "rw,nosuid", true), ("/", "", true),
        ]
    )
    func `a mount is loose that keeps neither setuid programs nor devices from working`(
        place: String,
        options: String,
        isLoose: Bool
    ) { #expect(SandboxProbe.isLoose(place[...], options[...]) == isLoose) }

    @Test func `facts survive their way out of the sandbox`() throws {
        #expect(try JSON.decode(SandboxFacts.self, from: JSON.encode(Self.good)) == Self.good)
    }
}
