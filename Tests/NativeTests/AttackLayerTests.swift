import CLinux
import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// An attack for each layer, with that layer and without it: what is blocked is blocked by what the row says.
@Suite struct `A layer of the sandbox` {
    let stage: SandboxStage

    init() throws { stage = try SandboxStage() }

    /// A Bubblewrap of the agent's with every namespace, on the whole VM.
    private static let whole = [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-net", "--bind", "/", "/", "--proc", "/proc",
        "--dev",
        "/dev",
    ]

    struct Layer: Sendable, CustomTestStringConvertible {
        var attack: String
        var answer: String
        /// Options that make the layer, and what stands in their place without it.
        var with: [String]
        var without: [String]

        var testDescription: String { attack }
    }

    static let layers: [Layer] = [
        Layer(
            attack: "signal a process outside",
            answer: "ESRCH",
            with: whole,
            without: whole.filter { $0 != "--unshare-pid" }
        ),
        Layer(
            attack: "the VM's loopback",
            answer: "ECONNREFUSED",
            with: whole,
            without: whole.filter { $0 != "--unshare-net" }
        ),
        Layer(
            attack: "an abstract socket outside",
            answer: "ECONNREFUSED",
            with: whole,
            without: whole.filter { $0 != "--unshare-net" }
        ),
        Layer(
            attack: "a readable file of root's outside",
            answer: "ENOENT",
            with: whole + ["--tmpfs", "CANARY"],
            without: whole
        ),
        Layer(attack: "a hook", answer: "EROFS", with: whole + ["--ro-bind", "PROJECT", "PROJECT"], without: whole),
        Layer(
            attack: "shared memory for the next session",
            answer: "ENOENT",
            with: whole,
            without: whole.filter { $0 != "--unshare-ipc" }
        ),
        Layer(
            attack: "a new user namespace",
            answer: "ENOSPC",
            with: whole + ["--disable-userns"],
            without: whole
        ),
    ]

    private func answer(
        _ attack: String,
        _ options: [String],
        ground: AttackGround,
        traces: Attack.Place? = nil
    ) throws -> AttackAnswer {
        let places = ["CANARY": ground.directory, "PROJECT": ground.project]
        let words =
            [Bubblewrap.path] + options.map { places[$0] ?? $0 } + [
                "--", try Products.path("dvm-guest"), "attack", "--name", attack,
            ] + (traces.map { ["--traces", $0.rawValue] } ?? []) + [
                String(decoding: try JSON.encode(ground), as: UTF8.self)
            ]
        let outcome = try SandboxRun.run(stage.plain(words, as: stage.agent))
        return try #require(
            try? JSON.decode(AttackAnswer.self, from: Array(outcome.output.utf8)),
            "\(outcome)"
        )
    }

    @Test(arguments: layers)
    func `blocks its attack, which works without it`(layer: Layer) throws {
        let directory = "\(stage.top)/outside"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("canary\n".utf8).write(to: URL(fileURLWithPath: "\(directory)/canary"))
        let project = "\(stage.top)/project"
        try FileManager.default.createDirectory(atPath: "\(project)/.git/hooks", withIntermediateDirectories: true)
        for path in [project, "\(project)/.git", "\(project)/.git/hooks"] { stage.own(path, stage.agent) }
        let marker = UUID().uuidString
        let listeners = try AttackListeners(directory: directory, abstractName: "@dvm-selftest-\(marker)")
        let victim = try SandboxRun(stage.plain(["/bin/sleep", "60"], as: stage.agent))
        try victim.waitUntilRunning("/usr/bin/sleep")
        let ground = AttackGround(
            marker: marker,
            project: project,
            home: stage.toolHome,
            directory: directory,
            developerHome: stage.home,
            developer: stage.developer,
            victim: victim.pid,
            terminal: "/dev/null",
            port: listeners.port,
            addresses: listeners.addresses,
            gateways: [],
            memoryKey: Int32.random(in: 0x4000_0000...0x7FFF_FFFF)
        )
        defer { dvm_forget_shared_memory(ground.memoryKey) }
        let attack = try #require(AttackList.all.first { $0.name == layer.attack })
        // Where the effect is looked for later, that it was made is no news: made outside, found or not.
        let traces = attack.trace.flatMap { $0.place == .nextSession ? $0.place : nil }
        if traces != nil { #expect(dvm_attack_shared_memory(ground.memoryKey, 1) >= 0) }

        #expect(try answer(layer.attack, layer.with, ground: ground, traces: traces) == .refused(layer.answer))
        #expect(try answer(layer.attack, layer.without, ground: ground, traces: traces).worked)
    }

    /// What the launcher starts Bubblewrap with, and what a caller might ask for.
    @Test func `that is the launcher keeps variables from Bubblewrap, which obeys them without it`() throws {
        let ground = AttackGround(
            marker: UUID().uuidString,
            project: stage.project,
            home: stage.toolHome,
            directory: "\(stage.top)/outside",
            developerHome: stage.home,
            developer: stage.developer,
            victim: 2,
            terminal: "/dev/null",
            port: 1,
            addresses: [],
            gateways: [],
            memoryKey: 1
        )
        let attack = try #require(AttackList.all.first { $0.name == "a library for what starts the session" })
        let look = try #require(attack.trace?.look)
        func answer(_ variables: [String]) throws -> AttackAnswer {
            let words = ["/usr/bin/env", "-i"] + variables + [Bubblewrap.path] + Self.whole
            let outcome = try SandboxRun.run(stage.plain(words + ["--tmpfs", "/tmp", "/bin/true"], as: stage.agent))
            #expect(outcome.exit == .exited(0), "\(outcome)")
            return look(ground)
        }
        defer {
            for name in Listing.names(in: "/tmp") where name.hasPrefix(ground.sign) { unsafe unlink("/tmp/\(name)") }
        }
        #expect(try answer([]) == .refused("not there"))
        #expect(try answer(AttackList.variables(ground).map { "\($0.key)=\($0.value)" }).worked)
    }

    /// The filter cannot be left out of a launch: the same namespaces without it are its control.
    @Test(arguments: ["add a key", "io_uring", "userfaultfd", "netlink to netfilter", "mark a program setuid"])
    func `that is the filter blocks its attack, which works without it`(attack: String) throws {
        let ground = AttackGround(
            marker: "x",
            project: View.workspace,
            home: stage.toolHome,
            directory: stage.top,
            developerHome: stage.home,
            developer: stage.developer,
            victim: 2,
            terminal: "/dev/null",
            port: 1,
            addresses: [],
            gateways: [],
            memoryKey: 1
        )
        let text = String(decoding: try JSON.encode(ground), as: UTF8.self)
        let outcome = try SandboxRun.run(stage.agent([View.program, "attack", "--name", attack, text]))
        let inside = try JSON.decode(AttackAnswer.self, from: Array(outcome.output.utf8))
        let row = try #require(AttackList.all.first { $0.name == attack })
        #expect(!inside.worked)
        #expect(AttackJudge.layer(of: inside.said, for: row) == .filter)
        #expect(try answer(attack, Self.whole + ["--disable-userns"], ground: ground).worked)
    }
}
