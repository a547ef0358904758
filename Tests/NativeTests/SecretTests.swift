import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Secrets in a project` {
    static let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"

    @Test(arguments: [
        (".env", "", true), (".ENV", "", true), (".env.production", "", true), (".env.example", "A=", false),
        (".env.sample", "", false), (".env.local.template", "", false), (".envrc", "", false), ("env", "", false),
        (".netrc", "", true), ("id_ed25519", "", true), ("id_rsa", "", true), ("id_rsa.pub", "ssh-rsa A", false),
        ("server.key", "binary", true), ("server.key", key, true), ("ca.pem", "-----BEGIN CERTIFICATE-----\n", false),
        ("pub.pem", "-----BEGIN PUBLIC KEY-----\n", false),
        ("both.pem", "-----BEGIN CERTIFICATE-----\nx\n-----BEGIN RSA PRIVATE KEY-----", true),
        ("notes", key, true), ("notes", "# about a PRIVATE KEY\n", true), ("notes", "one\n" + key, false),
        (".npmrc", "registry=https://r/\n", false), (".npmrc", "//r/:_authToken=abc\n", true),
        (".npmrc", "//r/:_authToken=${TOKEN}\n", false), ("store.p12", "", true), (".git-credentials", "", true),
    ])
    func `are told by name and first line`(name: String, text: String, secret: Bool) {
        #expect(SecretFiles.isSecret(Array(name.utf8), Array(text.utf8)) == secret)
    }

    @Test func `appear empty to the agent, wherever they are near the top`() throws {
        let stage = try GuardStage()
        let canary = SandboxStage.canary
        let before = """
            mkdir -p a/b/c node_modules/x deploy; for f in .env a/.env.local a/b/id_rsa deploy/notes; do
            printf 'PRIVATE KEY \(canary)\\n' > $f; done; chmod 600 .env
            echo SAMPLE > .env.example; ln -s ../deploy/settings a/.env; echo \(canary) > deploy/settings
            """
        try stage.developer(before)
        let script = "cat .env a/.env.local a/b/id_rsa deploy/notes a/.env deploy/settings; cat .env.example"

        stage.policy.secrets = .shown
        let shown = try stage.agent(script)
        #expect(shown.output.components(separatedBy: canary).count == 7, "the control: \(shown.output)")

        stage.policy.secrets = .hidden
        let hidden = try stage.agent(script)
        #expect(hidden.output == "SAMPLE\n")
        #expect(try stage.agent("cp -a . /tmp/copy && tar cf /tmp/t . && cat /tmp/copy/.env").output == "")
        // Neither from another place nor by taking the place over.
        let moved = try stage.agent(
            "mv a x; cat x/.env.local; chmod 777 .env; echo x > .env; rm .env; mv .env e; cat e .env"
        )
        #expect(moved.opened && !moved.output.contains(canary), "\(moved)")
    }

    @Test func `stay where the next session hides them, with the directories above them`() throws {
        let stage = try GuardStage()
        let move = "mkdir -p x/y/z; mv config x/y/z/; mv config/deep config/d; mv config c"
        try stage.developer("mkdir -p config/deep; echo \(SandboxStage.canary) | tee config/.env > config/deep/id_rsa")
        let notes = try stage.session {
            let outcome = try stage.agent("\(move); ls -A x/y/z")
            #expect(outcome.output.hasSuffix("busy\n"), "\(outcome)")
        }
        #expect(notes.filter { $0.weight == .warning } == [])
        let next = "cat config/.env config/deep/id_rsa x/y/z/*/.env x/y/z/*/*/id_rsa c/.env 2>/dev/null"
        #expect(try stage.agent(next).output == "")
        // The control: moved so, they are read.
        try stage.developer("mv config x/y/z/")
        #expect(try stage.agent(next).output == "\(SandboxStage.canary)\n\(SandboxStage.canary)\n")
    }

    @Test func `are missed when somebody moves them to where the next would not hide them`() throws {
        let stage = try GuardStage()
        try stage.developer("mkdir -p a/b; echo x > a/b/.env; echo x > .env")
        // By its owner: a session cannot.
        let notes = try stage.session { try stage.developer("mkdir -p 1/2/3/4; mv a 1/2/3/4/") }
        let text = "secrets were moved to where the next session sees them; they were at a/b/.env"
        #expect(notes.contains(SessionNote(.warning, text)), "\(notes)")
        // The control: what stays near the top is hidden again, and what its owner removes is no matter.
        let others = try stage.session {
            try stage.agent("mv .env .env.local")
            try stage.developer("mv 1/2/3/4/a c; rm .env")
        }
        #expect(others.filter { $0.weight == .warning } == [])
    }

    /// The stated limit: the kernel takes a mount away with the file it is on.
    @Test func `are told of when somebody saved them anew while the session could see that`() throws {
        let stage = try GuardStage()
        try stage.developer("echo A=1 > .env; echo B=1 > .netrc")
        var spawn = stage.spawn
        spawn.words = ["/bin/sh", "-c", "touch ready; until [ -e go ]; do sleep 0.05; done; cat .env .netrc"]
        let notes = try stage.session {
            let run = try SandboxRun(spawn)
            // In its place, and by a new file that is renamed over it.
            let save = "echo B=2 > .netrc; sed -i s/1/2/ .env"
            try stage.developer("until [ -e ready ]; do sleep 0.05; done; \(save); touch go")
            #expect(try run.finish().output == "A=2\n")
        }
        let text = "secrets were saved anew while the session went on, and from then on it could read them: .env"
        #expect(notes.filter { $0.weight == .warning } == [SessionNote(.warning, text)])
    }

    @Test func `stay hidden while somebody swaps directories and links during the start`() throws {
        let stage = try GuardStage(repository: false)
        try stage.developer("mkdir real; echo \(SandboxStage.canary) > real/.env; mkdir empty")
        try Data(SandboxStage.canary.utf8).write(to: URL(fileURLWithPath: "\(stage.stage.home)/.env"))
        stage.stage.own("\(stage.stage.home)/.env", stage.stage.developer)
        let swaps = """
            echo ready; while :; do ln -sfn real a; ln -sfn ../.. a; rm a; mv real a; mv a b; mv b real
            ln -s empty a; rm a; done 2>/dev/null
            """
        let swapper = try SandboxRun(stage.stage.plain(script: swaps, as: stage.stage.developer))
        try swapper.wait { $0.output.contains("ready") }
        defer { kill(-swapper.pid, SIGKILL) }

        var opened = 0
        var refused = 0
        for _ in 0..<12 {
            let outcome = try stage.agent("cat */.env a/.env b/.env real/.env; grep workspace /proc/self/mountinfo")
            if outcome.opened { opened += 1 } else { refused += 1 }
            #expect(!outcome.output.contains(SandboxStage.canary))
            #expect(!outcome.output.contains("/home/developer/.env"))
            guard let refusal = outcome.refusal?.message else { continue }
            // Seen by root when it opens the path, or by `inner` when a mount moved along with its directory.
            let isSeen =
                refusal.contains("in the project") || refusal.contains("there is a mount at /workspace")
                || refusal.contains("renamed faster") || refusal.contains("shows something else")
            #expect(isSeen, "\(outcome)")
        }
        #expect(opened + refused == 12)
        // Nothing was ever mounted outside the project, in the VM's own mounts.
        #expect(try TextFile.read("/proc/self/mountinfo").contains(stage.stage.home) == false)
    }

    /// What one session makes so that the next cannot find them.
    @Test func `are not shown where there is too much to look through`() throws {
        let stage = try GuardStage(repository: false)
        try stage.developer(
            "mkdir -p .a/b config; echo x > config/.env; (cd .a; seq 60 | xargs touch; echo a PRIVATE KEY of mine | tee b/1 b/2 b/3)"
        )
        let project = try PinnedDirectory(stage.stage.project, called: "the project")
        let tree = ProjectTree(top: project.descriptor.raw)
        func survey(_ entries: Int, _ opened: Int) -> Survey {
            Surveyor.survey(tree, Surveyor.Order(stage.agent), within: .init(entries: entries, opened: opened))
        }
        func refusal(_ survey: Survey) -> String? {
            do throws(Refusal) {
                try CarvedProject.checkSecrets(of: survey)
                return nil
            } catch {
                return error.message
            }
        }
        #expect(survey(1000, 1000).secrets.count == 4)
        #expect(survey(1000, 1000).unsearched == nil)
        #expect(refusal(survey(1000, 1000)) == nil)
        // The decoys are read first, and what is behind them would be shown.
        #expect(survey(30, 1000).secrets.isEmpty)
        #expect(refusal(survey(30, 1000))?.contains("too many to find the secrets among") == true)
        #expect(survey(1000, 2).secrets.count == 3)
        #expect(refusal(survey(1000, 2))?.contains("too many to look for private keys in each") == true)
        withExtendedLifetime(project) {}
    }

    /// What is remembered of each would cost more than what is in it.
    @Test(arguments: [(30, nil), (60, .tooManyEntries)] as [(Int, Survey.Unsearched?)])
    func `are not shown where there are too many directories to remember`(count: Int, unsearched: Survey.Unsearched?)
        throws
    {
        let stage = try GuardStage(repository: false)
        try stage.developer("seq \(count) | xargs mkdir")
        let project = try PinnedDirectory(stage.stage.project, called: "the project")
        let tree = ProjectTree(top: project.descriptor.raw)
        let survey = Surveyor.survey(tree, Surveyor.Order(stage.agent), within: .init(entries: 100, opened: 1000))
        #expect(survey.unsearched == unsearched)
        #expect(survey.stable)
        withExtendedLifetime(project) {}
    }

    /// The owner of the files is the agent too, as far as the kernel can tell: one session closes a directory while
    /// another starts, and opens it to both again.
    @Test func `are not shown where a directory is closed during the start`() throws {
        let stage = try GuardStage(repository: false)
        try stage.developer("mkdir config; echo \(SandboxStage.canary) > config/.env; chmod 0 config")
        let read = "chmod 700 config; cat config/.env"
        stage.policy.secrets = .shown
        #expect(try stage.agent(read).output == "\(SandboxStage.canary)\n", "the control")
        try stage.developer("chmod 0 config")
        stage.policy.secrets = .hidden
        let outcome = try stage.agent(read)
        #expect(!outcome.opened)
        #expect(outcome.refusal?.message.hasPrefix("config in the project is closed to you") == true, "\(outcome)")
        // What is another account's is closed to the agent as well.
        stage.stage.own("\(stage.stage.project)/config", 64_388)
        #expect(try stage.agent("\(read); echo on").output.hasSuffix("on\n"))
    }

    @Test func `are found quickly in a large project`() throws {
        let stage = try GuardStage(repository: false)
        try stage.developer(
            "mkdir -p a/b/c node_modules; cd a/b/c; seq 20000 | xargs touch; cd ../../../node_modules; seq 20000 | xargs touch"
        )
        let project = try PinnedDirectory(stage.stage.project, called: "the project")
        let tree = ProjectTree(top: project.descriptor.raw)
        let start = ContinuousClock.now
        let survey = Surveyor.survey(tree, Surveyor.Order(stage.agent))
        let took = ContinuousClock.now - start
        #expect(survey == Survey())
        #expect(took < .seconds(2))
        withExtendedLifetime(tree) {}
        _ = project.path
    }
}
