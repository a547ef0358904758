import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

/// Sessions that get at the project by access lists: the whole way in, on this machine.
@Suite struct `A session by access lists` {
    let tree: AccessStage
    init() throws { tree = try AccessStage() }

    @Test func `shows the project as it is, and can do nothing without entries`() throws {
        try tree.make("file")
        let outcome = try tree.sandboxed("id -u; stat -c %u file; cat file; echo x 2>/dev/null >> file || echo no")
        #expect(outcome.output == "\(tree.stage.agent)\n65534\ntextno\n")
    }

    @Test func `works on the developer's files, and leaves its own to the developer`() throws {
        try tree.make("src/main.c", "old\n")
        try tree.report(.grant)
        let outcome = try tree.sandboxed(
            """
            set -e; umask 077; echo new >> src/main.c; mkdir build; echo o > build/main.o
            t=$(mktemp build/XXXXXX); echo saved > $t; mv $t src/saved; chmod 755 build; echo late > build/late
            cp -a src copy; cp -p src/main.c build/; install -m 755 src/main.c build/tool; tar cf - src | tar xf - -C build
            """
        )
        #expect(outcome == .init(opened: true, output: "", exit: .exited(0)))
        #expect(tree.stage.owner("\(tree.project)/build") == tree.stage.agent)
        let edit = """
            cd \(tree.project) && set -e; cat src/saved; echo mine >> src/saved; echo mine >> build/late; touch build/new
            rm build/main.o; echo mine >> build/tool; cat copy/main.c
            """
        #expect(try tree.shell(edit, as: tree.stage.developer).exit != .exited(0), "the control")

        try tree.report(.share)
        let edited = try tree.shell(edit, as: tree.stage.developer)
        #expect(edited.output == "saved\nold\nnew\n")
        #expect(edited.exit == .exited(0))
        #expect(try tree.shell("cat \(tree.project)/src/saved", as: 64_388).exit != .exited(0))
    }

    /// The filter lets the bit pass there, since directories have it.
    @Test func `leaves no program that runs with the developer's group`() throws {
        tree.directory("src")
        try tree.report(.grant)
        let script = "cp /bin/true src/tool; chmod 2755 src/tool; chmod 4755 src/tool 2>/dev/null || echo refused"
        #expect(try tree.sandboxed(script).output == "refused\n")
        let tool = try #require(Status.of(FilePath("\(tree.project)/src/tool")))
        #expect(tool.gid == tree.stage.developer)
        #expect(tool.mode & 0o7777 == 0o755)
        // The control: from whoever is in the group, the kernel takes it.
        try tree.make("src/own")
        #expect(try tree.shell("chmod 2755 \(tree.project)/src/own", as: tree.stage.developer).exit == .exited(0))
        #expect(Status.of(FilePath("\(tree.project)/src/own")).map { $0.mode & 0o7777 } == 0o2755)
    }

    @Test func `has git work in a repository of the developer's`() throws {
        let git = "git -c user.name=n -c user.email=e@x -C \(tree.project)"
        try #require(
            try tree.shell(
                """
                \(git) init -q && touch \(tree.project)/a && \(git) add a && \(git) commit -qm one &&
                git init -q \(tree.project)/nested
                """,
                as: tree.stage.developer
            )
            .exit == .exited(0)
        )
        try tree.report(.grant)
        let commit = "git -c user.name=a -c user.email=a@x"
        let outcome = try tree.sandboxed(
            "set -e; git status --short; echo x > b; git add b; \(commit) commit -qm two; git stash list; git log --format=%s; git -C nested status --short; env"
        )
        #expect(outcome.output.hasPrefix("?? nested/\ntwo\none\n"))
        // Said once, where people and programs look for it.
        #expect(!outcome.output.contains("GIT_CONFIG"), "\(outcome.output)")
        #expect(outcome.exit == .exited(0))
        try tree.report(.share)
        let after = try tree.shell(
            "set -e; \(git) commit -q --allow-empty -m three; \(git) checkout -q -b x; \(git) log --format=%s; \(git) gc -q",
            as: tree.stage.developer
        )
        #expect(after.output == "three\ntwo\none\n")
        #expect(after.exit == .exited(0))
    }

    @Test func `is chosen by itself where there is no idmapped mount, and only there`() throws {
        guard case .agent(let agent) = tree.stage.agent(script: "").confinement else { return }
        #expect(try ProjectMount.settled(agent, on: Project.pin(agent)).policy.access == .idmap)
        for wanted in [AgentPolicy.Access.idmap, .acl] {
            var agent = agent
            agent.policy.access = wanted
            #expect(try ProjectMount.settled(agent, on: Project.pin(agent)).policy.access == wanted)
        }
        // A file system of the kernel's own has no idmapped mounts.
        let proc = try PinnedDirectory("/proc/sys/kernel", called: "the project")
        #expect(try ProjectMount.settled(agent, on: proc).policy.access == .acl)
        var strict = agent
        strict.policy.access = .idmap
        #expect(throws: Refusal.self) { _ = try ProjectMount.make(of: proc, for: strict) }
    }
}
