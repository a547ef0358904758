import DVMProtocol
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The plan of the sandbox's mounts` {
    private static let options = [
        "--unshare-user", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--ro-bind-try", "/etc/ssl",
        "/etc/ssl",
        "--perms", "0444", "--ro-bind-data", "5", "/etc/passwd", "--proc", "/proc", "--dev", "/dev", "--perms", "1777",
        "--tmpfs", "/tmp", "--bind", "/run/dvm/stage/home", "/var/lib/dvm-agent/claude", "--bind",
        "/run/dvm/stage/workspace", "/workspace", "--remount-ro", "/",
    ]

    private static let asPlanned = [
        ("/", "ro,nosuid,nodev"), ("/usr", "ro,nosuid,nodev"), ("/etc/ssl", "ro,nosuid,nodev"),
        ("/etc/passwd", "ro,nosuid,nodev"), ("/proc", "rw,nosuid,nodev,noexec"), ("/proc/sys", "ro,nosuid,nodev"),
        ("/dev", "rw,nosuid,nodev"), ("/dev/null", "rw,nosuid"), ("/dev/pts", "rw,nosuid,noexec"),
        ("/tmp", "rw,nosuid,nodev"),
        ("/var/lib/dvm-agent/claude", "rw,nosuid,nodev"), ("/workspace", "rw,nosuid,nodev"),
    ]

    private static func text(_ mounts: [(String, String)]) -> String { text(mounts.map { ($0, $1, "0:27 /x") }) }

    private static func text(_ mounts: [(String, String, String)]) -> String {
        mounts.map { "31 30 \($0.2) \($0.0) \($0.1),relatime shared:7 - ext4 /dev/vda rw\n" }.joined()
    }

    @Test func `is read from the options of bubblewrap`() {
        #expect(
            MountPlan(options: Self.options).mounts == [
                "/": .init(readOnly: true), "/usr": .init(readOnly: true),
                "/etc/ssl": .init(readOnly: true, optional: true), "/etc/passwd": .init(readOnly: true),
                "/proc": .init(readOnly: false, withoutPrograms: true), "/dev": .init(readOnly: false),
                "/tmp": .init(readOnly: false),
                "/var/lib/dvm-agent/claude": .init(readOnly: false, staged: "/run/dvm/stage/home"),
                "/workspace": .init(readOnly: false, staged: "/run/dvm/stage/workspace"),
            ]
        )
    }

    @Test(arguments: [
        [],
        [("/usr/local", "ro,nosuid,nodev")],
        [("/usr/share/with\\040blank", "ro,nosuid,nodev")],
    ])
    func `holds for mounts as planned`(more: [(String, String)]) throws {
        try MountPlan(options: Self.options).check(Self.text(Self.asPlanned + more))
    }

    @Test func `holds without what may be gone`() throws {
        try MountPlan(options: Self.options).check(Self.text(Self.asPlanned.filter { $0.0 != "/etc/ssl" }))
    }

    @Test(arguments: [
        ("/mnt", "ro,nosuid,nodev", "there is a mount at /mnt that nobody ordered"),
        ("/usr/local", "rw,nosuid,nodev", "there is a mount at /usr/local that nobody ordered"),
        ("/workspace/sub", "ro,nosuid,nodev", "there is a mount at /workspace/sub that nobody ordered"),
        ("/workspaces", "ro,nosuid,nodev", "there is a mount at /workspaces that nobody ordered"),
        ("/dev/vda", "rw,nosuid,nodev", "there is a mount at /dev/vda that nobody ordered"),
        ("/run/host\\040name", "ro,nosuid,nodev", "there is a mount at /run/host name that nobody ordered"),
        ("/proc/irq", "rw,nosuid,nodev", "/proc/irq can be written"),
        ("/usr/lib", "ro,nodev", "setuid programs work in /usr/lib"),
        ("/usr/lib", "ro,nosuid", "devices work in /usr/lib"),
        ("/dev/vda", "rw,nosuid", "devices work in /dev/vda"),
        ("/dev/shm", "rw,nosuid", "devices work in /dev/shm"),
        ("/workspace", "rw,nosuid,nodev", "/workspace is mounted twice"),
    ])
    func `refuses a mount nobody ordered`(place: String, options: String, what: String) {
        let refusal = #expect(throws: Refusal.self) {
            try MountPlan(options: Self.options).check(Self.text(Self.asPlanned + [(place, options)]))
        }
        #expect(refusal?.message == "the sandbox is not as planned: \(what)")
    }

    @Test(arguments: asPlanned.map(\.0).filter { !["/etc/ssl", "/proc/sys", "/dev/null", "/dev/pts"].contains($0) })
    func `refuses a missing mount`(place: String) {
        let refusal = #expect(throws: Refusal.self) {
            try MountPlan(options: Self.options).check(Self.text(Self.asPlanned.filter { $0.0 != place }))
        }
        #expect(refusal?.message == "the sandbox is not as planned: \(place) is not mounted")
    }

    @Test(arguments: ["/", "/usr", "/etc/passwd", "/etc/ssl"])
    func `refuses a mount that can be written and should not`(place: String) {
        let mounts = Self.asPlanned.map { $0.0 == place ? (place, "rw,nosuid,nodev") : $0 }
        let refusal = #expect(throws: Refusal.self) {
            try MountPlan(options: Self.options).check(Self.text(mounts))
        }
        #expect(refusal?.message == "the sandbox is not as planned: \(place) can be written")
    }

    @Test(arguments: [
        ("/workspace", "rw,nosuid", "devices work in /workspace"),
        ("/tmp", "rw,nosuid", "devices work in /tmp"),
        ("/dev", "rw,nosuid", "devices work in /dev"),
        ("/proc", "rw,nosuid,nodev", "programs can be run in /proc"),
    ])
    func `refuses a mount in which more works than was ordered`(place: String, options: String, what: String) {
        let mounts = Self.asPlanned.map { $0.0 == place ? (place, options) : $0 }
        let refusal = #expect(throws: Refusal.self) {
            try MountPlan(options: Self.options).check(Self.text(mounts))
        }
        #expect(refusal?.message == "the sandbox is not as planned: \(what)")
    }

    // MARK: What is shown

    /// Root's mounts: a project with a secret in a directory that is mounted over another, and a tool's home.
    private static let staged = [
        ("/", "rw", "8:1 /"), ("/var", "rw", "8:1 /@var"), ("/run/dvm/stage", "rw", "0:40 /"),
        ("/run/dvm/stage/workspace", "rw", "8:2 /home/dev/old"),
        ("/run/dvm/stage/workspace", "rw", "8:2 /home/dev/app"),
        ("/run/dvm/stage/workspace/.env", "ro", "0:40 /empty"),
        ("/run/dvm/stage/workspace/.git", "rw", "0:41 /"), ("/run/dvm/stage/home", "rw", "8:1 /lib/claude"),
    ]

    private static func plan() throws -> MountPlan {
        var plan = MountPlan(options: options)
        for (name, readOnly) in [(".env", true), (".git", false), (".git/hooks", true)] {
            plan.add("/workspace/\(name)", readOnly: readOnly, staged: "/run/dvm/stage/workspace/\(name)")
        }
        plan.mounts["/var/lib/dvm-agent/claude"]?.staged = "/run/dvm/stage/home/.claude"
        return plan.staged(in: try #require(MountTable(text(staged))))
    }

    /// The same in the sandbox, beside what Bubblewrap mounts.
    private static let shown =
        asPlanned.map { ($0, $1, "0:27 /x") }.filter { !isStaged($0.0) } + [
            ("/workspace", "rw,nosuid,nodev", "8:2 /home/dev/app"),
            ("/workspace/.env", "ro,nosuid,nodev", "0:40 /empty"), ("/workspace/.git", "rw,nosuid,nodev", "0:41 /"),
            ("/workspace/.git/hooks", "ro,nosuid,nodev", "0:41 /hooks"),
            ("/var/lib/dvm-agent/claude", "rw,nosuid,nodev", "8:1 /lib/claude/.claude"),
        ]

    private static func isStaged(_ place: String) -> Bool {
        ["/workspace", "/var/lib/dvm-agent/claude"].contains(place)
    }

    @Test func `holds for what root has staged`() throws { try Self.plan().check(Self.text(Self.shown)) }

    @Test(arguments: [
        ("/workspace", "8:2 /home/dev/old"), ("/workspace", "8:1 /home/dev/app"), ("/workspace", "8:2 /"),
        ("/workspace/.env", "8:2 /home/dev/app/.env"), ("/workspace/.git", "8:2 /home/dev/app/.git"),
        ("/workspace/.git/hooks", "0:41 /objects"), ("/var/lib/dvm-agent/claude", "8:1 /lib/codex/.claude"),
        ("/workspace", "8:2 /home/dev/app//deleted"),
    ])
    func `refuses a mount that shows something else`(place: String, source: String) throws {
        let mounts = Self.shown.map { $0.0 == place ? (place, $0.1, source) : $0 }
        let plan = try Self.plan()
        let refusal = #expect(throws: Refusal.self) { try plan.check(Self.text(mounts)) }
        #expect(
            refusal?.message == "the sandbox is not as planned: \(place) shows something else than was put there"
        )
    }

    @Test(arguments: [
        ("/run/dvm/stage/workspace/.env", "0:40", "/empty"),
        ("/run/dvm/stage/workspace/.envrc", "8:2", "/home/dev/app/.envrc"),
        ("/run/dvm/stage/workspace", "8:2", "/home/dev/app"), ("/run/dvm/stage/other/x", "0:40", "/other/x"),
        ("/run/dvm/stage", "0:40", "/"), ("/etc/x", "8:1", "/etc/x"), ("/var/x", "8:1", "/@var/x"),
        ("/variable", "8:1", "/variable"), ("/", "8:1", "/"),
    ])
    func `knows what a path shows by the mount it is in`(path: String, device: String, root: String) throws {
        let table = try #require(MountTable(Self.text(Self.staged)))
        #expect(table.source(of: path) == MountTable.Source(device: device, root: root))
    }

    @Test func `reads blanks in a source as the kernel writes them`() throws {
        let table = try #require(MountTable("31 30 8:2 /with\\040blank /a\\134b rw - ext4 /dev/vda rw\n"))
        #expect(table.source(of: #"/a\b/c"#) == MountTable.Source(device: "8:2", root: "/with blank/c"))
        #expect(try #require(MountTable("")).source(of: "/a") == nil)
    }

    @Test(arguments: ["nonsense\n", "1 2 3 4 5 6\n"])
    func `refuses what is no list of mounts`(text: String) {
        #expect(throws: Refusal.self) { try MountPlan(options: Self.options).check(text) }
    }
}
