internal import CCap
internal import DVMProtocol
internal import Glibc

/// Bubblewrap, checked and ready to be become.
struct Bubblewrap {
    static let path = "/usr/bin/bwrap"

    private let words: [String]

    /// Writes everything Bubblewrap and `inner` will read into files in memory.
    ///
    /// The order for `inner` is made from what the options have Bubblewrap mount.
    init(_ view: View, git: HomeGitSettings, inner: (MountPlan) throws(Refusal) -> InnerOrder) throws(Refusal) {
        let filters = try SystemCallFilter(view.agent.policy).programs().map { program throws(Refusal) in
            try Descriptors.sealedFile("the system call filter", program.bytes).rawValue
        }
        var files = View.Files(
            passwd: try Descriptors.sealedFile("passwd", Array(view.passwd.utf8)).rawValue,
            group: try Descriptors.sealedFile("group", Array(view.group.utf8)).rawValue,
            resolver: try Descriptors.sealedFile(
                "resolv.conf",
                Array(view.agent.policy.network.resolverConfiguration.utf8)
            ).rawValue,
            filters: filters
        )
        files.git = try Descriptors.sealedFile("git's settings", Array(git.text.utf8)).rawValue
        for (path, text) in view.agent.files {
            files.tool[path] = try Descriptors.sealedFile(path, Array(text.utf8)).rawValue
        }
        let options = view.options(files)
        let optionBytes: [UInt8] = options.flatMap { Array($0.utf8) + [0] }
        let optionFile = try Descriptors.sealedFile("the options of bubblewrap", optionBytes)
        let order = try Descriptors.sealedFile(
            "the order for the sandbox",
            JSON.encode(try inner(MountPlan(options: options)))
        )
        // Numbers only: every user of the VM can read arguments.
        words = ["bwrap", "--args", "\(optionFile.rawValue)", "--", View.program, "inner", "\(order.rawValue)"]
    }

    /// Becomes Bubblewrap.
    func replace() throws(Refusal) -> Never {
        let arguments = ArgumentList(words)
        // No variable at all. The tool's go to it in its order: here a caller's LD_PRELOAD would run outside the sandbox.
        let none = ArgumentList([])
        unsafe execve(Self.path, arguments.pointer, none.pointer)
        throw Refusal("starting \(Self.path): \(Errno(rawValue: errno))")
    }

    /// Refuses a Bubblewrap that somebody else than root could have put there, that has rights of its own, or that is
    /// too old.
    ///
    /// - Throws: a `Refusal` that says what is wrong with it.
    static func check(_ path: String = path) throws(Refusal) {
        guard let status = Status.of(FilePath(path)) else {
            throw Refusal("\(path) is missing, without which no agent is started", hint: install)
        }
        guard status.isRegular, status.uid == 0, status.mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw Refusal("\(path) must be a file of root's that nobody else can write", hint: reinstall)
        }
        // CVE-2026-41163 and its like: it needs no rights, and with them its faults are root's.
        guard status.mode & (S_ISUID | S_ISGID) == 0 else {
            throw Refusal(
                "\(path) is setuid or setgid and must not be",
                hint: "run `sudo chmod 0755 \(path)` in the VM"
            )
        }
        guard status.mode & S_IXOTH != 0 else {
            throw Refusal("\(path) is not executable for everyone", hint: reinstall)
        }
        if let capabilities = unsafe cap_get_file(path) {
            unsafe cap_free(UnsafeMutableRawPointer(capabilities))
            throw Refusal("\(path) has file capabilities and must not", hint: "run `sudo setcap -r \(path)` in the VM")
        }
        guard try knows(newestOption, FilePath(path)) else {
            throw Refusal(
                "\(path) is too old: it has no \(newestOption), and so cannot keep an agent from making user namespaces",
                hint: "use a newer release of the VM's distribution: `dvm` needs Bubblewrap 0.8 or newer"
            )
        }
    }

    /// Of the options it is given, the last one it learned: in 0.8.0.
    private static let newestOption = "--disable-userns"

    /// Whether a program has a word among its constants, and so the option of that name.
    ///
    /// What it can do is asked, not its number, which distributions keep when they add to it; and it is not started for
    /// that, which every start of an agent would wait for.
    private static func knows(_ option: String, _ path: FilePath) throws(Refusal) -> Bool {
        let program = try TextFile.readBytes(path)
        let word = Array(option.utf8) + [0]
        return program.indices.contains { program[$0] == word[0] && program[$0...].starts(with: word) }
    }

    private static let install = """
        install it in the VM: `sudo apt-get install bubblewrap` on Debian and Ubuntu, \
        `sudo dnf install bubblewrap` on Fedora
        """
    private static let reinstall = """
        install it again in the VM: `sudo apt-get install --reinstall bubblewrap` on Debian and Ubuntu, \
        `sudo dnf reinstall bubblewrap` on Fedora
        """
}
