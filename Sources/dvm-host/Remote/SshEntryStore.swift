internal import DVMProtocol

/// dvm's own files for ssh, beside what else it keeps of a VM: its entry, the keys it is known by, and what it said.
struct SshEntryStore: Sendable {
    var paths: Paths

    private static let entryName = "ssh_config"
    private static let keysName = "known_hosts"
    private static let loginName = "ssh.json"

    /// The names of its files, which are beside what else is kept of a VM.
    static let files: Set<String> = [entryName, keysName, loginName]

    /// The files of all entries, as `Include` of ssh_config(5) takes them.
    var pattern: String { paths.state.appending("*").appending(Self.entryName).string }

    private func entryFile(_ vm: MachineName) -> FilePath { paths.state(of: vm).appending(Self.entryName) }
    private func keysFile(_ vm: MachineName) -> FilePath { paths.state(of: vm).appending(Self.keysName) }
    private func loginFile(_ vm: MachineName) -> FilePath { paths.state(of: vm).appending(Self.loginName) }

    /// What a VM said of itself when it was last asked; nothing when it never was, or that is lost.
    func login(_ vm: MachineName) -> RemoteLogin? {
        guard let bytes = try? Files.own(loginFile(vm), limit: 256 * 1024),
            let login = try? JSON.decode(RemoteLogin.self, from: bytes), (try? login.check()) != nil
        else { return nil }
        return login
    }

    /// Keeps what a VM says of itself, and writes its entry.
    ///
    /// - Throws: a `Refusal` when it says what no VM of dvm's would, or a file cannot be written.
    func learn(_ login: RemoteLogin, of vm: MachineName) throws(Refusal) {
        try login.check()
        try Files.makeDirectory(paths.state(of: vm), mode: 0o700)
        try Files.replace(loginFile(vm), with: try JSON.encode(login, pretty: true))
        _ = try refresh(vm)
    }

    /// Writes the entry of a VM anew from what Lima and the VM last said; returns its text.
    ///
    /// - Returns: nothing when there is none: the VM was never started, or never asked.
    /// - Throws: a `Refusal` when Lima's file is odd, or a file cannot be written.
    func refresh(_ vm: MachineName) throws(Refusal) -> String? {
        guard let login = login(vm), let place = try LimaLogin.read(vm, in: paths) else {
            try? Files.remove(entryFile(vm))
            return nil
        }
        let entry = SshEntry(vm: vm, place: place, login: login, knownHostsFile: keysFile(vm))
        let text = try entry.text()
        // The keys first: an entry is never there without them.
        for (file, wanted) in [(keysFile(vm), entry.knownHosts), (entryFile(vm), text)] {
            let bytes = Array(wanted.utf8)
            if (try? Files.own(file, limit: bytes.count)) != bytes { try Files.replace(file, with: bytes) }
        }
        return text
    }
}
