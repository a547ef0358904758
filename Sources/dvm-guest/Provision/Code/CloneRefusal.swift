internal import DVMProtocol

/// Why a repository cannot be reached, as a person needs to know it.
enum CloneRefusal {
    /// The refusal for what git and ssh said.
    ///
    /// Their statuses are the same whatever went wrong, so it has to be read from what they say.
    ///
    /// - Parameters:
    ///   - repository: what was to be reached.
    ///   - said: what they said.
    ///   - key: the VM's key, where it is reached with one.
    ///   - vm: what dvm calls the VM.
    /// - Returns: what to tell the person.
    static func text(for repository: Repository, saying said: String, key: Ed25519Key?, vm: String) -> Refusal {
        let lines = said.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0.isWhitespace } }
        let then = "then run `dvm sync` again, which goes on from here"
        if let key, lines.contains(where: { $0.contains("Permission denied") }) {
            let place = repository.sshHost.flatMap(SSHKeys.accessPlace)
            return Refusal(
                "the server of \(repository.address) knows no key of this VM",
                hint: """
                    register this key there, as a deploy key of the repository or for yourself\
                    \(place.map { " (\($0))" } ?? ""), \(then); `dvm ssh-key \(vm)` shows it again: \(key.line)
                    """
            )
        }
        if lines.contains(where: { $0.hasPrefix("Host key verification failed") }) {
            if let host = repository.sshHost, KnownForges.contains(host) {
                return Refusal(
                    "what answers as \(host) has another host key than \(host) publishes",
                    hint:
                        "somebody may be between the VM and it; if it has published a new key, get a newer dvm, or add "
                        + "that key to ~/.ssh/known_hosts in the VM"
                )
            }
            return Refusal(
                "the server of \(repository.address) is not the one this VM has met before",
                hint: "find out why; if that is right, `ssh-keygen -R` with its name in the VM forgets the old one"
            )
        }
        // The last line of git says in general what the first of ssh or the server said exactly.
        let reason = lines.first { !$0.hasPrefix("Warning: Permanently added") } ?? "git says nothing"
        return Refusal(
            "\(repository.address) cannot be reached from the VM: \(reason.prefix(300))",
            hint: "look at DVM_REPO and at the VM's network, then run `dvm sync` again"
        )
    }
}
