internal import DVMProtocol

/// The programs that get a repository in, all of them the developer's and with the developer's own keys.
///
/// Nobody can be asked. Nothing of the repository is run: no hook and no template, whatever the settings of git say, and
/// no way to a repository but HTTPS and SSH.
struct CloneProgram {
    let repository: Repository
    let settings: Settings
    let developer: Accounts.Account
    let groups: [UInt32]

    /// The directory a clone is made in, and what it is called when it is complete: whoever is cut off knows how far it got.
    static let unfinished = ".dvm-clone"
    static let complete = ".dvm-cloned"

    /// Asks the server for one name.
    var probe: Spawn {
        spawn(
            ["/bin/sh", "-c", #"exec "$@" 2>&1"#, "sh"] + git + [
                "ls-remote", "--quiet", "--", repository.address, "HEAD",
            ]
        )
    }

    /// Makes the clone and puts it in its place, the repository itself last: with it, the code directory counts as full.
    var clone: Spawn {
        let script = """
            set -eu
            cd -- "$1"; shift
            if [ ! -d \(Self.complete) ]; then
                rm -rf \(Self.unfinished)
                "$@" \(Self.unfinished)
                mv -T \(Self.unfinished) \(Self.complete)
            fi
            find \(Self.complete) -mindepth 1 -maxdepth 1 ! -name .git -exec mv -t . -- {} +
            mv -- \(Self.complete)/.git .git
            rmdir \(Self.complete)
            """
        let branch = repository.branch.map { ["--branch=\($0)"] } ?? []
        return spawn(
            ["/bin/sh", "-c", script, "sh", settings.codeDirectory] + git + ["clone", "--template="] + branch
                + ["--", repository.address]
        )
    }

    private var git: [String] {
        let overrides = ["core.hooksPath=/dev/null", "core.fsmonitor=false"]
        return ["/usr/bin/git"] + overrides.flatMap { ["-c", $0] }
    }

    /// SSH as the developer would use it, with dvm's key among theirs.
    ///
    /// A server that is met for the first time is believed, as a person answers the question; one that has changed is
    /// not. Of those whose keys dvm knows no other key is believed, also not one of another kind, which would pass for new.
    private var ssh: String {
        let check = KnownForges.contains(repository.sshHost) ? "yes" : "accept-new"
        let options = [
            "BatchMode=yes", "StrictHostKeyChecking=\(check)",
            "'UserKnownHostsFile=~/.ssh/known_hosts ~/.ssh/dvm_known_hosts'", "ConnectTimeout=30", "ForwardAgent=no",
            "ClearAllForwardings=yes",
        ]
        let keys = [SSHKeyMaker.access, "id_ed25519", "id_ecdsa", "id_rsa"].map { "IdentityFile=~/.ssh/\($0)" }
        return "ssh" + (options + keys).map { " -o \($0)" }.joined()
    }

    private func spawn(_ words: [String]) -> Spawn {
        let environment = [
            "HOME": developer.home, "USER": developer.name, "LOGNAME": developer.name, "SHELL": developer.shell,
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "https:ssh", "GIT_SSH_COMMAND": ssh, "SSH_ASKPASS_REQUIRE": "never",
        ]
        return Spawn(
            words: words,
            environment: environment.merging(settings.surroundings) { $1 },
            terminal: false,
            confinement: .developer(
                Spawn.Developer(
                    uid: developer.uid,
                    gid: developer.gid,
                    groups: groups,
                    directory: "/",
                    home: developer.home,
                    isBound: true
                )
            )
        )
    }
}
