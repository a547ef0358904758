internal import DVMProtocol

/// What dvm itself needs of the distribution.
enum Packages {
    struct Package {
        /// What the distributions call it.
        var debian: String
        var fedora: String
        /// The file that shows it is installed.
        var file: FilePath

        static let bubblewrap = Self(debian: "bubblewrap", fedora: "bubblewrap", file: "/usr/bin/bwrap")
        /// What takes up certificates, shown by its program.
        static func certificates(program: FilePath) -> Self {
            Self(debian: "ca-certificates", fedora: "ca-certificates", file: program)
        }
        /// What locales are made with; only Debian and Ubuntu make them.
        static let locales = Self(debian: "locales", fedora: "glibc-locale-source", file: "/usr/sbin/locale-gen")
        static let zramGenerator = Self(
            debian: "systemd-zram-generator",
            fedora: "zram-generator",
            file: "/usr/lib/systemd/system-generators/zram-generator"
        )
    }

    /// Installs the packages whose files are not there.
    ///
    /// - Throws: a `Refusal` when the package manager fails or is not one dvm knows.
    static func install(missing packages: [Package]) throws(Refusal) -> Bool {
        let missing = packages.filter { Status.of($0.file) == nil }
        guard !missing.isEmpty else { return false }
        let families = OSRelease(try TextFile.read("/etc/os-release")).families
        if families.contains("debian") {
            // Whoever was cut off in the middle leaves this to do; otherwise it is nothing.
            try Run.program(["dpkg", "--configure", "-a"])
            // A VM that has just started may be installing updates of its own.
            let apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
            try run(apt + ["update"])
            try run(apt + ["-y", "--no-install-recommends", "install"] + missing.map(\.debian))
        } else if families.contains("fedora") {
            try run(["dnf", "-q", "-y", "install"] + missing.map(\.fedora))
        } else {
            throw Refusal(
                "the VM needs \(missing.map(\.debian).joined(separator: ", ")), and dvm does not know its package manager",
                hint: "install it in the VM by hand, or use a Fedora, Debian or Ubuntu template"
            )
        }
        return true
    }

    /// The command that removes a package with its settings.
    static func removal(of package: Package, in system: SystemTree) -> [String] {
        system.has("/usr/bin/apt-get")
            ? ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "purge", package.debian]
            : ["dnf", "-q", "-y", "remove", package.fedora]
    }

    private static func run(_ words: [String]) throws(Refusal) {
        do throws(Refusal) {
            try Run.program(words)
        } catch {
            throw Refusal(
                error.message,
                hint: "its own words are above; see that the VM has network and room, then run `dvm sync` again"
            )
        }
    }
}
