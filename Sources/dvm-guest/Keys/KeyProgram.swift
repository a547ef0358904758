internal import DVMProtocol

/// Programs of the distribution that make keys.
enum KeyProgram: String {
    case keygen = "/usr/bin/ssh-keygen"
    case gpg = "/usr/bin/gpg"

    /// Where it is.
    var path: String { rawValue }

    /// The packages that have it, Debian's and Fedora's.
    private var packages: String {
        switch self {
        case .keygen: "openssh-client (openssh-clients on Fedora)"
        case .gpg: "gnupg (gnupg2 on Fedora)"
        }
    }

    /// Refuses where it is missing.
    ///
    /// - Parameter root: what is before its path, in tests.
    /// - Throws: a `Refusal` that says how to get it.
    func check(below root: String = "") throws(Refusal) {
        guard Status.of(FilePath(root + path)) == nil else { return }
        throw Refusal(
            "\(path) is not in the VM",
            hint: "have a recipe or a setup script install \(packages), and run `dvm sync`"
        )
    }
}
