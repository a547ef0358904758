#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
#if os(Linux)
internal import Glibc
#endif

/// A home directory of its own for one test, with a configuration, Lima's directory and a `limactl` that records.
///
/// Nothing of the process is changed: what dvm would read from its environment is `environment`.
public final class HostFixture: Sendable {
    /// The directory everything is in; removed with the fixture.
    public let root: String

    /// A fixture with empty directories.
    public init() throws {
        let directory = FileManager.default.temporaryDirectory.path(percentEncoded: false)
        root = "\(directory.hasSuffix("/") ? String(directory.dropLast()) : directory)/dvm-test-\(UUID().uuidString)"
        for name in ["", "/home", "/config", "/config/vms", "/lima", "/bin"] {
            try FileManager.default.createDirectory(atPath: root + name, withIntermediateDirectories: false)
            try setMode(0o700, of: root + name)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// The variables dvm is started with.
    public var environment: [String: String] {
        [
            "HOME": "\(root)/home", "USER": "someone", "PATH": "\(root)/bin:/usr/bin:/bin", "LANG": "C",
            "DVM_CONFIG_DIR": "\(root)/config", "LIMA_HOME": "\(root)/lima",
            // Whatever is exported besides must make no difference.
            "DVM_MEMORY": "64GiB", "DVM_NONSENSE": "1", "BASH_ENV": "\(root)/nonsense",
        ]
    }

    /// Writes a file, named from the root.
    public func write(_ path: String, _ text: String, mode: Int = 0o600) throws {
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try FileManager.default.createDirectory(atPath: "\(root)/\(parent)", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: "\(root)/\(path)"))
        try setMode(mode, of: "\(root)/\(path)")
        if mode & 0o100 != 0 { Self.waitUntilNobodyWrites("\(root)/\(path)") }
    }

    /// Waits until a program can be started.
    ///
    /// A process another test is starting just now has inherited our descriptor, and
    /// the kernel starts nothing that is open for writing (ETXTBSY of execve(2)). A read lease is refused as long.
    private static func waitUntilNobodyWrites(_ path: String) {
        #if os(Linux)
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        for _ in 0..<1000 {
            // F_SETLEASE of fcntl(2): 1024.
            if fcntl(file, 1024, F_RDLCK) == 0 { return }
            guard errno == EAGAIN else { return }
            usleep(10_000)
        }
        #endif
    }

    /// Reads a file, named from the root; nothing when there is none.
    public func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: "\(root)/\(path)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether there is such a file or directory.
    public func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    /// The permissions of a file, named from the root.
    public func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.posixPermissions] as? Int
    }

    /// Changes the permissions of a file, named from the root.
    public func setMode(_ mode: Int, _ path: String) throws { try setMode(mode, of: "\(root)/\(path)") }

    /// Gives a file, named from the root, to another user.
    public func setOwner(_ owner: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.ownerAccountID: owner], ofItemAtPath: "\(root)/\(path)")
    }

    /// Makes a link at a path named from the root.
    public func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(root)/\(path)", withDestinationPath: target)
    }

    /// Makes a directory, named from the root.
    public func makeDirectory(_ path: String, mode: Int = 0o700) throws {
        try FileManager.default.createDirectory(atPath: "\(root)/\(path)", withIntermediateDirectories: true)
        try setMode(mode, of: "\(root)/\(path)")
    }

    /// Removes a file or directory, named from the root.
    public func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(root)/\(path)") }

    private func setMode(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
}

// MARK: limactl

extension HostFixture {
    /// Puts a `limactl` on `PATH` that writes down its arguments and keeps its instances in files.
    ///
    /// `list.json` holds what it lists, `new.json` what `create` adds under the name it was given, `changed.json` what
    /// `edit` leaves. A file `fail-<verb>` or `fail-<verb>-<instance>` makes that verb print it on standard error and
    /// fail; `pause-<verb>` makes it sleep. `snapshots` holds the names of those there are, and `lying` keeps them as they
    /// are, as `lying-stop` does with what is to be stopped. `shell` reaches the program `guest` where there is one, else the pretend guest, whose VM is the directory
    /// `vm/<instance>`.
    public func installLimactl(version: String = "2.2.0") throws {
        try write(
            "bin/limactl",
            """
            #!/bin/bash
            root='\(root)'
            verb=$1
            printf '%s\\n' "$*" >>"$root/calls"
            env >>"$root/environment"
            if [ "$verb" = --version ]; then echo "limactl version \(version)"; exit 0; fi
            if [ -e "$root/pause-$verb" ]; then sleep "$(cat "$root/pause-$verb")"; fi
            if [ -e "$root/fail-$verb" ]; then cat "$root/fail-$verb" >&2; exit 1; fi
            for last; do :; done
            if [ -e "$root/fail-$verb-$last" ]; then cat "$root/fail-$verb-$last" >&2; exit 1; fi
            # Several VMs may be changed at once, and their file is one.
            alone() {
              until mkdir "$root/busy" 2>/dev/null; do sleep 0.01; done
              trap 'rmdir "$root/busy"' EXIT
            }
            case $verb in
              list)
                [ -e "$root/list.json" ] || : >"$root/list.json"
                if [ "$last" = --json ]; then cat "$root/list.json"; exit 0; fi
                grep -F "\\"name\\":\\"$last\\"" "$root/list.json" || { echo unmatched instances >&2; exit 1; } ;;
              create)
                echo "time=x level=info msg=\\"Creating\\"" >&2
                cp "$last" "$root/created.yaml"; alone
                sed "s/dvm-app/$4/g" "$root/new.json" >>"$root/list.json" ;;
              start) alone; sed -i.bak "/\\"$last\\"/s/\\"Stopped\\"/\\"Running\\"/" "$root/list.json" ;;
              stop) [ -e "$root/lying-stop" ] && exit 0; alone; sed -i.bak "/\\"$last\\"/s/\\"status\\":\\"[A-Z][a-z]*\\"/\\"status\\":\\"Stopped\\"/" "$root/list.json" ;;
              edit) cp "$root/changed.json" "$root/list.json" ;;
              delete) alone; touch "$root/list.json"; sed -i.bak "/\\"name\\":\\"$last\\"/d" "$root/list.json" ;;
              clone) alone; grep -F "\\"name\\":\\"$3\\"" "$root/list.json" | sed "s/$3/$4/g" >"$root/cloned.json"
                cat "$root/cloned.json" >>"$root/list.json" ;;
              snapshot)
                echo "level=warning msg=experimental" >&2
                [ -e "$root/snapshots" ] || : >"$root/snapshots"
                case $2 in
                  list) awk 'BEGIN { print "ID        TAG  VM SIZE  DATE  VM CLOCK" }
                    { print NR "         " $1 "  0 B 2026-11-21 15:30:00 00:00:00.000" }' "$root/snapshots" ;;
                  create) [ -e "$root/lying" ] || echo "$last" >>"$root/snapshots" ;;
                  delete) [ -e "$root/lying" ] || sed -i.bak "/^$last$/d" "$root/snapshots" ;;
                esac ;;
              shell)
                if [ -x "$root/guest" ]; then exec "$root/guest"; fi
                exec python3 -IS '\(Products.repository.path)/Tests/Support/guest/pretend-guest' "$root/vm/$4" ;;
            esac
            """,
            mode: 0o700
        )
    }

    /// The arguments of each call of `limactl` so far, those that only ask left out.
    public var changes: [String] {
        (read("calls") ?? "").split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("list ") && !$0.hasPrefix("snapshot list ") && !$0.hasPrefix("shell ") && $0 != "--version"
        }
    }
}
