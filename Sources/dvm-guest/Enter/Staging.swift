internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The mounts Bubblewrap is given: made by root from pinned descriptors, in a namespace nobody else sees.
///
/// Bubblewrap follows symbolic links in what it is told to mount (CVE-2026-87766). So it is told these paths only, which
/// belong to root, and never one inside a project or of a directory an agent could swap for a link.
struct Staging {
    static let root = "/run/dvm/stage"
    static let workspace = "\(root)/workspace"
    static let home = "\(root)/home"
    static let program = "\(root)/guest"

    /// Directories that only a debug build needs in the view, as path there and staged path.
    private(set) var libraries: [String: String] = [:]

    /// Leaves the mounts of the VM behind and stages a project, a tool's home and our own program.
    init(
        project: borrowing DetachedMount,
        carved: CarvedProject,
        home: borrowing DetachedMount
    ) throws(Refusal) {
        let program = try OwnProgram.find()
        #if DEBUG
        let runtime = try RuntimeLibraries.mount()
        #endif

        try Self.leaveMountNamespace()
        try Self.makeDirectory("/run/dvm")
        try Self.makeDirectory(Self.root)
        try Self.mountEmpty(at: Self.root, readOnly: false)
        try Self.makeDirectory(Self.workspace)
        try Self.makeDirectory(Self.home)
        try project.attach(at: Self.workspace)
        // Through the mount, so that what is mounted here shows the same owners.
        try carved.carve(project, at: Self.root)
        try home.attach(at: Self.home)
        try program.place(at: Self.program)
        #if DEBUG
        if let runtime {
            let staged = "\(Self.root)/runtime"
            try Self.makeDirectory(staged)
            try runtime.attach(at: staged)
            libraries[runtime.name] = staged
        }
        #endif
    }

    /// Takes this process out of the mounts of the VM: what it mounts from here on ends with it and its children.
    static func leaveMountNamespace() throws(Refusal) {
        try call("making a mount namespace") { dvm_unshare_mounts() }
        // Otherwise our mounts would appear in the VM, since systemd shares every mount.
        try call("making the mounts private") { unsafe mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) }
        _ = unsafe chdir("/")
    }

    /// Hides people's homes from everything that follows in this namespace: a second wall, should the view have a hole.
    static func coverHomes(developerHome: String) throws(Refusal) {
        var covered: [String] = []
        for home in ["/home", "/root", developerHome] where !covered.contains(where: { home.hasPrefix($0 + "/") }) {
            guard Status.of(FilePath(home)) != nil else { continue }
            try mountEmpty(at: home, readOnly: true)
            covered.append(home)
        }
    }

    private static func mountEmpty(at path: String, readOnly: Bool) throws(Refusal) {
        let flags = UInt(MS_NOSUID | MS_NODEV | (readOnly ? MS_RDONLY : 0))
        try call("mounting an empty \(path)") {
            unsafe "mode=0755,size=64m".withCString { unsafe mount("tmpfs", path, "tmpfs", flags, $0) }
        }
    }

    private static func makeDirectory(_ path: String) throws(Refusal) {
        if unsafe mkdir(path, 0o755) == -1 {
            let error = Errno(rawValue: errno)
            guard error == .fileExists else { throw Refusal("making \(path): \(error)") }
        }
        guard let status = Status.of(FilePath(path)), status.isDirectory, status.uid == 0,
            status.mode & (S_IWGRP | S_IWOTH) == 0
        else {
            throw Refusal("\(path) must be a directory that only root can write", hint: "remove it; it is made anew")
        }
    }
}
