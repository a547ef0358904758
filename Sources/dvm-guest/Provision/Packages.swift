internal import DVMProtocol

/// What dvm itself needs of the distribution.
enum Packages {
    struct Package {
        var name: String
        /// The file that shows it is installed.
        var file: FilePath

        static let bubblewrap = Self(name: "bubblewrap", file: "/usr/bin/bwrap")
    }

    /// Installs the packages whose files are not there.
    ///
    /// - Throws: a `Refusal` when the package manager fails or is not one dvm knows.
    static func install(missing packages: [Package]) throws(Refusal) -> Bool {
        let missing = packages.filter { Status.of($0.file) == nil }.map(\.name)
        guard !missing.isEmpty else { return false }
        let families = OSRelease(try TextFile.read("/etc/os-release")).families
        if families.contains("debian") {
            try Run.program(["apt-get", "-q", "update"])
            try Run.program(["apt-get", "-q", "-y", "--no-install-recommends", "install"] + missing)
        } else if families.contains("fedora") {
            try Run.program(["dnf", "-q", "-y", "install"] + missing)
        } else {
            throw Refusal(
                "the VM needs \(missing.joined(separator: ", ")), and dvm does not know its package manager",
                hint: "install it in the VM by hand, or use a Fedora, Debian or Ubuntu template"
            )
        }
        return true
    }
}
