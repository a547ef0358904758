import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Settings of the kernel` {
    let scratch: ScratchDirectory
    let settings: KernelSettings

    /// A kernel with two settings as they should be, one that is not, and one that is nobody's business.
    init() throws {
        scratch = ScratchDirectory()
        settings = KernelSettings(top: FilePath("\(scratch.path)/sys"), files: FilePath("\(scratch.path)/files"))
        for (name, value) in [
            ("fs/protected_hardlinks", 1), ("fs/protected_fifos", 2), ("dev/tty/ldisc_autoload", 1),
            ("kernel/yama/ptrace_scope", 0),
        ] { try set(name, value) }
    }

    private func set(_ name: String, _ value: Int) throws {
        let path = "\(scratch.path)/sys/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try Data("\(value)\n".utf8).write(to: URL(fileURLWithPath: path))
    }

    private func values() throws -> [String: Int] {
        var values: [String: Int] = [:]
        for setting in KernelSetting.all { values[setting.name] = try settings.value(of: setting) }
        return values
    }

    @Test func `are hardened where they are not as they should be, and left alone elsewhere`() throws {
        #expect(try settings.harden())
        let hardened = [
            "fs.protected_hardlinks": 1, "fs.protected_fifos": 2, "dev.tty.ldisc_autoload": 0,
            "kernel.yama.ptrace_scope": 0,
        ]
        #expect(try values() == hardened)
        // A file that systemd reads at the next start, and nothing to do the second time.
        #expect(scratch.read("files/90-dvm.conf") == KernelSettings.text)
        #expect(try !settings.harden())
    }

    @Test func `are repaired when somebody has changed them`() throws {
        _ = try settings.harden()
        try set("dev/tty/ldisc_autoload", 1)
        #expect(try settings.harden())
        #expect(try values()["dev.tty.ldisc_autoload"] == 0)

        try FileManager.default.removeItem(atPath: "\(scratch.path)/files/90-dvm.conf")
        #expect(try settings.harden())
        #expect(try !settings.harden())
    }

    @Test func `are refused when they are no numbers`() throws {
        try Data("off\n".utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/sys/fs/protected_fifos"))
        #expect {
            try settings.harden()
        } throws: {
            ($0 as? Refusal)?.message.contains("protected_fifos is not a number: “off") == true
        }
    }

    @Test func `are written with what each keeps off, for kernels that do not have all`() {
        let lines = KernelSettings.text.split(separator: "\n")
        #expect(lines.contains("-dev.tty.legacy_tiocsti = 0"))
        #expect(lines.contains { $0.contains("type into the terminal") })
        #expect(!KernelSettings.text.contains("ptrace_scope"))
        #expect(lines.count { !$0.hasPrefix("#") } == KernelSetting.all.count { $0.hardened != nil })
    }

    @Test func `are hardened to values that are good`() {
        #expect(KernelSetting.all.allSatisfy { $0.hardened.map($0.good.contains) ?? true })
    }
}

@Suite struct `What doctor makes of the VM` {
    private static let tiocsti = KernelSetting.all[0]

    @Test(arguments: [(nil, .pass), (0, .pass), (1, .warn)] as [(Int?, DoctorReport.Verdict)])
    func `a setting of the kernel`(value: Int?, verdict: DoctorReport.Verdict) {
        let check = KernelChecks.check(Self.tiocsti, value)
        #expect(check.name == "dev.tty.legacy_tiocsti")
        #expect(check.verdict == verdict)
        #expect((check.meaning == nil) == (verdict == .pass))
        #expect((check.remedy == nil) == (verdict == .pass))
    }

    @Test(arguments: [(-1, "not in this kernel"), (4, "version 4"), (7, "version 7")] as [(Int32, String)])
    func `Landlock`(version: Int32, found: String) {
        let check = KernelChecks.landlock(version)
        #expect(check.verdict == .pass)
        #expect(check.found.contains(found))
    }

    @Test(
        arguments: [
            ("bubblewrap 0.12.0\n", .pass, "0.12"), ("bubblewrap 1.0.1", .pass, "1.0"),
            ("bubblewrap 0.11.2", .warn, "0.11"), ("bubblewrap 0.8.0\n", .warn, "0.8"),
            ("bubblewrap 0.6.1", .fail, "0.6"), ("", .fail, "does not say"), ("bubblewrap x.y", .fail, "does not say"),
        ] as [(String, DoctorReport.Verdict, String)]
    )
    func `the version of Bubblewrap`(said: String, verdict: DoctorReport.Verdict, found: String) {
        let check = BubblewrapChecks.version(said: said)
        #expect(check.verdict == verdict)
        #expect(check.found.contains(found))
        #expect((check.remedy == nil) == (verdict == .pass))
    }

    @Test(
        arguments: [
            (nil, nil, .pass, "does not restrict"), (1, ["bwrap", "firefox"], .pass, "the profile bwrap"),
            (1, [], .warn, "none is seen"), (1, nil, .warn, "none is seen"),
            (1, ["bwrap", "dvm-bwrap"], .warn, "bwrap, dvm-bwrap"),
        ] as [(Int?, [String]?, DoctorReport.Verdict, String)]
    )
    func `AppArmor`(restricts: Int?, profiles: [String]?, verdict: DoctorReport.Verdict, found: String) {
        let check = BubblewrapChecks.appArmor(
            UserNamespaces(most: 1000, allowed: nil, restrictedByAppArmor: restricts, profiles: profiles)
        )
        #expect(check.verdict == verdict)
        #expect(check.found.contains(found))
        #expect((check.remedy == nil) == (verdict == .pass))
    }

    private static func process(_ words: String..., runs program: String? = nil, uid: UInt32 = 64_302)
        -> RunningProcess
    {
        RunningProcess(pid: 4711, uid: uid, arguments: words, program: program)
    }

    @Test(
        arguments: [
            ([], .pass, "none"),
            (
                [
                    process("bwrap", "--args", "5", runs: "/usr/bin/bwrap"),
                    process("dvm-guest", "enter", runs: "/usr/local/libexec/dvm/dvm-guest"),
                    // Of the build there was before.
                    process("dvm-guest", "enter", runs: "/usr/local/libexec/dvm/dvm-guest (deleted)"),
                ], .pass, "none"
            ),
            (
                [process("bwrap", runs: "/usr/bin/bwrap"), process("\u{1B}", runs: "/usr/sbin/cron")], .fail,
                "/usr/sbin/cron (4711)"
            ),
            // What it calls itself is its own choice.
            ([process("bwrap", runs: "/var/tmp/bwrap")], .fail, "/var/tmp/bwrap (4711)"),
            ([process("dvm-guest", runs: "/bin/sh\u{1B}")], .fail, "/bin/sh"),
            ([process("sleep")], .fail, "sleep (4711)"),
            // Ended, and not waited for yet.
            ([process()], .pass, "none"),
        ] as [([RunningProcess], DoctorReport.Verdict, String)]
    )
    func `processes of the agent outside a sandbox`(
        processes: [RunningProcess],
        verdict: DoctorReport.Verdict,
        found: String
    ) {
        let check = StrayChecks.strays(processes)
        #expect(check.verdict == verdict)
        #expect(check.found.contains(found))
        #expect(!check.found.contains("\u{1B}"))
    }

    /// A process cannot give itself the name of a file.
    @Test func `a process of the agent's that calls itself Bubblewrap`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "exec -a /usr/bin/bwrap sleep 60"]
        try process.run()
        defer { process.terminate() }
        var found: RunningProcess?
        while found?.arguments.first != "/usr/bin/bwrap" {
            try #require(process.isRunning)
            found = RunningProcess.all().first { $0.pid == process.processIdentifier }
        }
        #expect(StrayChecks.strays([try #require(found)]).verdict == .fail)
    }

    @Test func `setuid files, however many and long their names are`() throws {
        let stage = try SandboxStage()
        let account = Accounts.Account(
            name: "developer",
            uid: stage.developer,
            gid: stage.developer,
            home: stage.home,
            shell: "/bin/sh"
        )
        func check() throws -> DoctorReport.Check {
            try GuardStage.supervised { StrayChecks.marked([(account, stage.project)]) }
        }
        #expect(try check().verdict == .pass)
        // Their paths come to more than 1 MiB.
        let names = "seq -f s%0240.0f 6000"
        _ = try SandboxRun.run(
            stage.plain(script: "\(names) | xargs touch; \(names) | xargs chmod u+s", as: stage.developer)
        )
        let found = try check()
        #expect(found.verdict == .warn, "\(found)")
        #expect(found.found.split(separator: ", ").count == 6)
        #expect(found.found.hasSuffix("and more in \(stage.project)"))
    }

    @Test func `Lima's guest agent`() {
        let agent = Self.process("/usr/local/bin/lima-guestagent", "daemon", uid: 0)
        let other = Self.process("grep", "/usr/local/bin/lima-guestagent", uid: 0)
        #expect(StrayChecks.limaAgent([other]).verdict == .pass)
        #expect(StrayChecks.limaAgent([other, agent]).verdict == .fail)
    }

    @Test func `the processes that run`() throws {
        let own = try #require(RunningProcess.all().first { $0.pid == getpid() })
        #expect(own.uid == geteuid())
        #expect(own.arguments == CommandLine.arguments)
        #expect(own.namespace == RunningProcess.ownNamespace)
        #expect(own.program == RunningProcess.ownProgram)
    }

    @Test(
        arguments: [
            ([], .open, .pass, "the internet, and nothing of the VM"), ([], .none, .pass, "no network"),
            (["the VM's loopback", "x"], .allow, .fail, "reaches the VM's loopback, x"),
        ] as [([String], NetworkPolicy.Uplink, DoctorReport.Verdict, String)]
    )
    func `what a session reaches`(
        reached: [String],
        uplink: NetworkPolicy.Uplink,
        verdict: DoctorReport.Verdict,
        found: String
    ) {
        var policy = NetworkPolicy()
        policy.uplink = uplink
        let check = NetworkChecks.judge(reached, policy)
        #expect(check.verdict == verdict)
        #expect(check.found.contains(found))
    }
}

@Suite struct `The files of the tools` {
    let scratch: ScratchDirectory
    init() throws {
        scratch = ScratchDirectory()
        for path in ["claude/bin", "claude/lib/a/b"] {
            try FileManager.default.createDirectory(atPath: scratch(path), withIntermediateDirectories: true)
        }
        for path in ["claude/bin/claude", "claude/lib/a/b/c.js"] {
            try scratch.write("x", to: path)
            _ = unsafe chmod(scratch(path), 0o755)
        }
        _ = unsafe symlink("../lib/a/b/c.js", scratch("claude/bin/link"))
    }

    private func check() throws -> DoctorReport.Check { try #require(ToolFiles.check(FilePath(scratch.path))) }

    @Test func `are well when they are root's`() throws {
        #expect(try check().verdict == .pass)
        #expect(ToolFiles.check(FilePath(scratch("absent"))) == nil)
    }

    @Test(
        arguments: [
            ("claude/lib/a/b/c.js", 1000, 0o755, "belongs to uid 1000"),
            ("claude/lib/a", 1000, 0o755, "belongs to uid 1000"),
            ("claude/bin/claude", 0, 0o775, "can be changed by others"),
            ("claude", 0, 0o777, "can be changed by others"),
            ("", 0, 0o775, "can be changed by others"), ("", 1000, 0o755, "belongs to uid 1000"),
            ("claude/bin/claude", 0, 0o4755, "gives root's rights"),
        ] as [(String, UInt32, Int, String)]
    )
    func `are not when somebody else has a part in one`(path: String, owner: UInt32, mode: Int, why: String) throws {
        try scratch.give(path, to: owner, mode: mode)
        // A change of owner takes this bit away.
        _ = unsafe chmod(scratch(path), mode_t(mode))
        let check = try check()
        #expect(check.verdict == .fail)
        #expect(check.found.contains(why), "\(check)")
        #expect(check.remedy != nil)
    }
}
