import DVMProtocol
import Foundation
import Glibc
import TestSupport

/// This machine, as a process in a mount namespace of its own sees it: with the accounts and settings of a VM.
///
/// The guest program reads fixed paths, and has no switch to read others. So the paths are covered, for its process only.
/// Needs root, as the guest program itself does.
final class PretendVM: @unchecked Sendable {
    /// Everything it is made of; removed with the value.
    let directory: URL
    /// What is in memory in a VM, `/run/dvm`, and so here.
    let memory: URL
    /// The account people work as.
    let developer: UInt32 = 64_101
    /// The agent's account.
    let agent: UInt32 = 64_102

    /// The account Lima logs in as.
    let control: UInt32 = 64_103

    /// The home of the developer, as the guest program sees it.
    let home = "/home/developer"
    /// The project, as the guest program sees it.
    let project = "/home/developer/code/app"

    /// The bytes of a disk of its own for `/var/log`, which each of its conversations then has anew.
    var roomForLogs: Int?
    /// Whether `/usr/local/bin`, where commands of tools are written, is empty and anew for each of its conversations.
    var hasOwnCommands = false
    /// The network namespace it is in; this machine's when absent.
    var network: String?
    /// What else is mounted for each of its conversations: commands of a shell.
    var coverings: [String] = []
    /// Whether it has the log of this machine's kernel, in which the agents of all tests are one and the same.
    var hearsKernel = false

    /// A VM with an empty project; without memory for `/run`, where that is to be missed.
    init(runInMemory: Bool = true) throws {
        guard geteuid() == 0 else {
            throw MissingPrerequisite(
                "these tests play the VM's root and need to be run as root, for example with sudo"
            )
        }
        let name = "dvm-test-\(UUID().uuidString)"
        directory = URL(fileURLWithPath: "/var/tmp/\(name)")
        memory = runInMemory ? URL(fileURLWithPath: "/dev/shm/\(name)") : directory.appendingPathComponent("run")
        try FileManager.default.createDirectory(at: memory, withIntermediateDirectories: true)
        try make("etc"); try make("lib/dvm"); try make("home/developer/code/app"); try make("lib/dvm-agent")
        try make("log"); try make("libexec")
        try write("", to: "kmsg"); own("kmsg", 0, 0o600)
        try write(
            """
            root:x:0:0::/root:/bin/bash
            dvm:x:\(control):\(control)::/home/dvm:/bin/bash
            developer:x:\(developer):\(developer)::\(home):/bin/bash
            dvm-agent:x:\(agent):\(agent)::/var/lib/dvm-agent:/usr/sbin/nologin

            """,
            to: "etc/passwd"
        )
        try write(
            "root:x:0:\ndvm:x:\(control):\ndeveloper:x:\(developer):\ndvm-agent:x:\(agent):\nextra:x:64200:developer\n",
            to: "etc/group"
        )
        try write(#"{"codeDirectory":"\#(project)","name":"app","user":"developer"}"#, to: "lib/dvm/settings.json")
        for path in ["home/developer", "home/developer/code", "home/developer/code/app"] { own(path, developer, 0o700) }
    }

    deinit { for place in [memory, directory] { try? FileManager.default.removeItem(at: place) } }

    /// Has agents do what a part of their policy says, as JSON without its braces; the rest of it is the usual.
    func configure(_ part: String) throws {
        var policy = try JSONSerialization.jsonObject(with: Data(JSON.encode(AgentPolicy()))) as? [String: Any] ?? [:]
        let changes = try JSONSerialization.jsonObject(with: Data("{\(part)}".utf8)) as? [String: Any] ?? [:]
        policy.merge(changes) { $1 }
        let settings: [String: Any] = ["codeDirectory": project, "user": "developer", "agents": policy]
        try JSONSerialization.data(withJSONObject: settings).write(
            to: directory.appendingPathComponent("lib/dvm/settings.json")
        )
    }

    /// The argv that runs a program in it: unshare(1), then the coverings, then the program.
    func command(_ words: [String]) -> [String] {
        let covered =
            [
                ("etc/passwd", "/etc/passwd"), ("etc/group", "/etc/group"), ("lib", "/var/lib"), ("home", "/home"),
                ("log", "/var/log"), ("libexec", "/usr/local/libexec"),
            ].map { ("\(directory.path)/\($0)", $1) } + [(memory.path, "/run/dvm")]
        // The tree of control groups is the machine's: sessions have names of their own in it. A machine that has the
        // first version too keeps the second one elsewhere.
        let script =
            ["mkdir -p /run/dvm /usr/local/libexec"] + covered.map { "mount --bind '\($0)' \($1)" }
            + coverings + (roomForLogs.map { ["mount -t tmpfs -o mode=755,size=\($0) none /var/log"] } ?? [])
            + (hasOwnCommands ? ["mount -t tmpfs -o mode=755 none /usr/local/bin"] : [])
            + (hearsKernel ? [] : ["{ [ ! -e /dev/kmsg ] || mount --bind '\(directory.path)/kmsg' /dev/kmsg; }"])
            + [
                "mount -t cgroup2 none /sys/fs/cgroup", #"exec "$@""#,
            ]
        return (network.map { ["/usr/bin/nsenter", "--net=/run/netns/\($0)"] } ?? []) + [
            "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
            script.joined(separator: " && "), "sh",
        ] + words
    }

    /// A file or directory of the VM, as this process reaches it.
    func outside(_ path: String) -> String {
        for (inside, place) in [
            ("/home", directory.path + "/home"), ("/var/lib", directory.path + "/lib"), ("/run/dvm", memory.path),
            ("/var/log", directory.path + "/log"),
        ] where path.hasPrefix(inside + "/") {
            return place + path.dropFirst(inside.count)
        }
        return path
    }

    /// Puts a script where a tool is installed, for this VM's processes only.
    func install(tool: String, _ script: String) throws { try install(tool, of: tool, script) }

    /// Puts a script where a tool has a program of this name.
    func install(_ program: String, of tool: String, _ script: String) throws {
        let folder = "libexec/dvm/tools/\(tool)/bin"
        try make(folder)
        try write(script.hasPrefix("#!") ? script : "#!/bin/sh\n\(script)\n", to: "\(folder)/source")
        // By another process: what one of ours has open for writing while another test starts a program is busy there.
        let path = "\(directory.path)/\(folder)"
        let copy = try Process.run(
            URL(filePath: "/usr/bin/install"),
            arguments: ["-m", "755", "\(path)/source", "\(path)/\(program)"]
        )
        copy.waitUntilExit()
    }

    /// Says what `dvm sync` would have said about agents.
    func configure(_ agents: AgentPolicy, tools: [Tool] = []) throws {
        let policy = String(decoding: try JSON.encode(agents), as: UTF8.self)
        let own = String(decoding: try JSON.encode(tools), as: UTF8.self)
        try write(
            #"{"codeDirectory":"\#(project)","user":"developer","agents":\#(policy),"ownTools":\#(own)}"#,
            to: "lib/dvm/settings.json"
        )
    }

    private func make(_ path: String) throws {
        try FileManager.default.createDirectory(
            at: directory.appendingPathComponent(path),
            withIntermediateDirectories: true
        )
    }

    private func write(_ text: String, to path: String) throws {
        try text.write(to: directory.appendingPathComponent(path), atomically: true, encoding: .utf8)
    }

    private func own(_ path: String, _ uid: UInt32, _ mode: mode_t) {
        let path = directory.appendingPathComponent(path).path
        _ = unsafe chown(path, uid, uid)
        _ = unsafe chmod(path, mode)
    }
}
