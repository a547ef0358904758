import DVMProtocol
import Foundation
import Glibc
import TestSupport

@testable import dvm_guest

/// Walks over a stage's project by the built guest program, as `ProjectAccess` has them.
struct AccessStage {
    let stage: SandboxStage

    init() throws { stage = try SandboxStage() }

    var project: String { stage.project }

    func make(_ path: String, _ text: String = "text", mode: mode_t = 0o644, owner: UInt32? = nil) throws {
        let whole = "\(project)/\(path)"
        var above = project
        for part in path.split(separator: "/").dropLast() {
            above += "/\(part)"
            if unsafe mkdir(above, 0o755) == 0 { stage.own(above, stage.developer) }
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: whole))
        stage.own(whole, owner ?? stage.developer)
        stage.mode(whole, mode)
    }

    func directory(_ path: String, mode: mode_t = 0o755, owner: UInt32? = nil) {
        let whole = "\(project)/\(path)"
        _ = unsafe mkdir(whole, 0o755)
        stage.own(whole, owner ?? stage.developer)
        stage.mode(whole, mode)
    }

    /// Runs `dvm-guest access` as the owner of the files the job is for, on a pinned project.
    func walk(_ job: AccessOrder.Job, hidesSecrets: Bool = true, on path: String? = nil) throws -> AccessAnswer {
        let order = AccessOrder(
            job: job,
            agent: stage.agent,
            agentGroup: stage.agent,
            group: stage.developer,
            hidesSecrets: hidesSecrets
        )
        let uid = job == .share ? stage.agent : stage.developer
        let groups = job == .share ? ["--groups", "\(stage.developer)"] : ["--clear-groups"]
        let pinned = try PinnedDirectory(path ?? project, called: "the project")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments =
            ["--reuid", "\(uid)", "--regid", "\(uid)"] + groups + [
                try Products.path("dvm-guest"), "access", String(decoding: try JSON.encode(order), as: UTF8.self),
            ]
        process.standardInput = FileHandle(fileDescriptor: pinned.descriptor.raw.rawValue, closeOnDealloc: false)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return try JSON.decode(AccessAnswer.self, from: Array(answer))
    }

    /// What the walk came across.
    @discardableResult
    func report(_ job: AccessOrder.Job, hidesSecrets: Bool = true) throws -> AccessReport {
        switch try walk(job, hidesSecrets: hidesSecrets) {
        case .done(let report): return report
        case .refused(let refusal): throw refusal
        }
    }

    /// The list of something; its mode where it has none.
    func list(_ path: String) throws -> AccessList {
        let raw = unsafe open("\(path.hasPrefix("/") ? "" : project + "/")\(path)", 0o10000000 | O_NOFOLLOW | O_CLOEXEC)
        let file = OwnedDescriptor(FileDescriptor(rawValue: raw))
        return try AccessList.read(file.raw, path)
    }

    func entry(_ path: String) throws -> UInt8? { try list(path).entries[.user(stage.agent)] }

    /// Every file below a directory with its owner, mode and list, a line each.
    func inventory(_ path: String? = nil) throws -> [String] {
        let top = path ?? project
        let names = try FileManager.default.subpathsOfDirectory(atPath: top).sorted()
        return try (names + [""]).compactMap { name in
            let whole = name.isEmpty ? top : "\(top)/\(name)"
            guard let status = Status.of(FilePath(whole)) else { return nil }
            if status.isSymbolicLink { return "\(name) link" }
            let list = try list(whole).bytes.map { String($0, radix: 16) }.joined()
            return "\(name) \(status.uid):\(status.gid) \(String(status.mode, radix: 8)) \(list)"
        }
    }

    /// A shell script as an account, without a sandbox.
    func shell(_ script: String, as uid: UInt32) throws -> SandboxRun.Outcome {
        try SandboxRun.run(stage.plain(script: script, as: uid))
    }

    /// A shell script as the agent in its sandbox, by access lists.
    func sandboxed(_ script: String) throws -> SandboxRun.Outcome {
        try SandboxRun.run(stage.agent(script: script).agent { $0.policy.access = .acl })
    }
}
