internal import DVMProtocol

/// Calls of git by dvm itself, on a repository an agent had its hands on: none of them runs a program the repository names.
///
/// Settings on the command line win over those of the repository, and the common directory is given, which makes a
/// planted `commondir` mean nothing. What no setting turns off are filters and other repositories in the index: only
/// commands that look at neither the work tree nor the index's files may be given, and no protocol is allowed that
/// would fetch anything. Git always runs as the files' owner, never as root.
///
/// An agent also chooses how much work it is: a few hundred bytes of trees are billions of paths, and a delta can claim any
/// size. So git has limits, and runs in the session's control group, which ends what a call that was given up has started.
struct SafeGit {
    static let program = "/usr/bin/git"

    /// The git directory, absolute.
    let repository: String
    let owner: Spawn.Agent
    /// Where git runs: the session's group, which must hold nothing else by then, and ours when absent.
    var group: ControlGroup?
    /// What a call may take; a file may be larger by what comes in.
    var limits = Spawn.Limits(memory: VMSize.read().lookMemory, seconds: 60, fileSize: 1 << 30)

    /// What git may be asked: nothing that reads the work tree.
    enum Command: Hashable {
        case resolve(String)
        case currentBranch
        /// What references name, the newest first.
        case tips(Int)
        case isAncestor(String, of: String)
        /// Whether index and commit have the same contents.
        case indexMatches(String)
        /// The changes between two commits, with modes.
        case changes(from: String, to: String)
        case move(reference: String, to: String, from: String)
        case readIntoIndex(String)
        /// Takes the objects of a bundle in, which is standard input, and says which references it has.
        case unbundle
        /// Whether everything a commit needs is there.
        case isComplete(String)

        var words: [String] {
            switch self {
            case .resolve(let name): ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"]
            case .currentBranch: ["symbolic-ref", "--quiet", "HEAD"]
            case .tips(let count):
                [
                    "for-each-ref", "--count=\(count)", "--sort=-creatordate", "--format=%(objectname)", "refs",
                ]
            case .isAncestor(let old, let new): ["merge-base", "--is-ancestor", old, new]
            case .indexMatches(let commit):
                ["diff-index", "--cached", "--quiet", "--ignore-submodules=all", "--no-ext-diff", commit]
            case .changes(let old, let new):
                ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-textconv", old, new]
            case .move(let reference, let new, let old):
                ["update-ref", "--no-deref", "-m", "dvm: commits of a session", reference, new, old]
            case .readIntoIndex(let commit): ["read-tree", "-m", commit]
            // By the descriptor: where the file is belongs to root, and is closed to the owner.
            case .unbundle: ["bundle", "unbundle", "/proc/self/fd/0"]
            case .isComplete(let commit): ["rev-list", "--objects", "--quiet", commit, "--not", "--all"]
            }
        }
    }

    /// The whole command line.
    func words(_ command: Command) -> [String] {
        [Self.program, "--no-pager", "--no-optional-locks", "--no-replace-objects"]
            + Self.settings.flatMap { ["-c", $0] } + command.words
    }

    /// Exactly the variables git gets.
    var environment: [String: String] {
        [
            "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
            "GIT_DIR": repository, "GIT_COMMON_DIR": repository,
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false",
            "GIT_SSH_COMMAND": "/bin/false", "GIT_EDITOR": "/bin/false", "GIT_PAGER": "cat",
            "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0",
        ]
    }

    /// The settings that run programs, each with what runs none.
    static let settings = [
        "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "core.sshCommand=/bin/false",
        "core.gitProxy=", "core.askPass=/bin/false", "core.editor=/bin/false", "core.pager=cat",
        "core.alternateRefsCommand=/bin/true", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null",
        "credential.helper=", "diff.external=", "diff.ignoreSubmodules=all", "submodule.recurse=false",
        "fetch.recurseSubmodules=false", "protocol.allow=never", "gc.auto=0", "maintenance.auto=false",
        "commit.gpgSign=false", "log.showSignature=false", "gpg.program=/bin/false", "gpg.ssh.program=/bin/false",
        "uploadpack.packObjectsHook=",
        // Each would take its share of the memory there is.
        "pack.threads=1",
    ]

    /// Runs a command as the files' owner.
    ///
    /// - Parameters:
    ///   - command: what git is asked.
    ///   - input: its standard input; nothing when absent.
    /// - Returns: its output when it ended with 0, `nil` when with another status.
    /// - Throws: a `Refusal` when git cannot be started, as when it is not installed, or does not get done.
    func run(_ command: Command, input: FileDescriptor? = nil) throws(Refusal) -> [UInt8]? {
        var limits = limits
        if let input { limits.fileSize += try Status.of(input, called: "what git is given").size }
        var isOver = false
        defer { if !isOver { _ = group?.killAll() } }
        let answer = try Entering.run(
            Spawn(
                words: words(command),
                environment: environment,
                terminal: false,
                confinement: .developer(
                    Spawn.Developer(
                        uid: owner.developerUid,
                        gid: owner.developerGid,
                        groups: [],
                        directory: "/",
                        home: "/",
                        limits: limits
                    )
                )
            ),
            input: input,
            group: group
        )
        if case .exited = answer.exit { isOver = true }
        return answer.exit == .exited(0) ? answer.output : nil
    }

    /// The first line of a command's output.
    func line(_ command: Command) throws(Refusal) -> String? {
        try run(command).map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
    }
}
