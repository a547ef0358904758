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
        ("/etc/passwd", "ro,nosuid,nodev"), ("/proc", "rw,nosuid,nodev,noexec"), ("/proc/sys", "ro,nosuid"),
        ("/dev", "rw,nosuid"), ("/dev/pts", "rw,nosuid,noexec"), ("/tmp", "rw,nosuid,nodev"),
        ("/var/lib/dvm-agent/claude", "rw,nosuid,nodev"), ("/workspace", "rw,nosuid,nodev"),
    ]

    private static func text(_ mounts: [(String, String)]) -> String {
        mounts.map { "31 30 0:27 /x \($0.0) \($0.1),relatime shared:7 - ext4 /dev/vda rw\n" }.joined()
    }

    @Test func `is read from the options of bubblewrap`() {
        #expect(
            MountPlan(options: Self.options).mounts == [
                "/": .init(readOnly: true), "/usr": .init(readOnly: true),
                "/etc/ssl": .init(readOnly: true, optional: true), "/etc/passwd": .init(readOnly: true),
                "/proc": .init(readOnly: false), "/dev": .init(readOnly: false), "/tmp": .init(readOnly: false),
                "/var/lib/dvm-agent/claude": .init(readOnly: false), "/workspace": .init(readOnly: false),
            ]
        )
    }

    @Test(arguments: [
        [],
        [("/usr/local", "ro,nosuid")],
        [("/usr/share/with\\040blank", "ro,nosuid")],
    ])
    func `holds for mounts as planned`(more: [(String, String)]) throws {
        try MountPlan(options: Self.options).check(Self.text(Self.asPlanned + more))
    }

    @Test func `holds without what may be gone`() throws {
        try MountPlan(options: Self.options).check(Self.text(Self.asPlanned.filter { $0.0 != "/etc/ssl" }))
    }

    @Test(arguments: [
        ("/mnt", "ro,nosuid", "there is a mount at /mnt that nobody ordered"),
        ("/usr/local", "rw,nosuid", "there is a mount at /usr/local that nobody ordered"),
        ("/workspace/sub", "ro,nosuid", "there is a mount at /workspace/sub that nobody ordered"),
        ("/workspaces", "ro,nosuid", "there is a mount at /workspaces that nobody ordered"),
        ("/dev/vda", "rw,nosuid", "there is a mount at /dev/vda that nobody ordered"),
        ("/run/host\\040name", "ro,nosuid", "there is a mount at /run/host name that nobody ordered"),
        ("/proc/irq", "rw,nosuid", "/proc/irq can be written"),
        ("/usr/lib", "ro", "setuid programs work in /usr/lib"),
        ("/workspace", "rw,nosuid", "/workspace is mounted twice"),
    ])
    func `refuses a mount nobody ordered`(place: String, options: String, what: String) {
        let refusal = #expect(throws: Refusal.self) {
            try MountPlan(options: Self.options).check(Self.text(Self.asPlanned + [(place, options)]))
        }
        #expect(refusal?.message == "the sandbox is not as planned: \(what)")
    }

    @Test(arguments: asPlanned.map(\.0).filter { !["/etc/ssl", "/proc/sys", "/dev/pts"].contains($0) })
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

    @Test(arguments: ["nonsense\n", "1 2 3 4 5 6\n"])
    func `refuses what is no list of mounts`(text: String) {
        #expect(throws: Refusal.self) { try MountPlan(options: Self.options).check(text) }
    }
}
