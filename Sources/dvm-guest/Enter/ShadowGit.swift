internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A git directory covered by a copy of a session's own: an overlay whose changes are kept beside it.
struct ShadowGit {
    /// The git directory, in the project.
    let path: TreePath
    /// The session's directories, of root's but for what is in them.
    let layers: ShadowLayers

    /// The shadow of what was found; `nil` in a project without a repository.
    ///
    /// - Throws: a `Refusal` when the repository cannot have one.
    static func of(_ survey: Survey, _ agent: Spawn.Agent) throws(Refusal) -> Self? {
        guard let main = survey.main else {
            guard survey.gitFiles[TreePath(".git")] != nil else { return nil }
            throw Refusal(
                "the project's repository is outside the project, so it cannot have a shadow",
                hint: otherModes
            )
        }
        guard main != .top else {
            throw Refusal("a repository without a work tree cannot have a shadow", hint: otherModes)
        }
        return Self(path: main, layers: ShadowLayers(agent.session))
    }

    /// Mounts the overlay and moves it onto the git directory.
    ///
    /// - Parameters:
    ///   - place: the git directory, taken hold of.
    ///   - root: a directory of root's in this mount namespace.
    /// - Throws: a `Refusal` that says what the kernel would not do.
    func cover(_ place: borrowing OwnedDescriptor, at root: String) throws(Refusal) {
        let lower = "\(root)/git-below"
        let overlay = "\(root)/git"
        for directory in [lower, overlay] {
            try call("making \(directory)") { unsafe mkdir(directory, 0o755) }
        }
        try DetachedMount.of(place.raw, called: "\(path)", readOnly: true).attach(at: lower)
        // Paths of root's with digits and hyphens only: nothing here can end an option.
        let options = "lowerdir=\(lower),upperdir=\(layers.upper),workdir=\(layers.work)"
        let mounted = unsafe options.withCString {
            unsafe mount("overlay", overlay, "overlay", UInt(MS_NOSUID | MS_NODEV), $0)
        }
        guard mounted == 0 else { throw Self.refusal(Errno(rawValue: errno)) }
        // The overlay holds on to it; nobody else is to find the original here.
        try call("hiding the original of \(path)") { unsafe umount2(lower, Int32(MNT_DETACH)) }
        try call("covering \(path)") { unsafe dvm_move_mount_to(overlay, place.raw.rawValue) }
    }

    private static func refusal(_ error: Errno) -> Refusal {
        Refusal(
            "the project's .git cannot have a shadow on Linux \(Kernel.release): overlayfs answers \(error)",
            hint: "it needs Linux 5.19 or newer, and \(PendingReview.root) on ext4, xfs or btrfs; \(otherModes)"
        )
    }

    private static let otherModes = "choose DVM_AI_GIT=guarded or DVM_AI_GIT=ro"
}
