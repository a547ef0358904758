internal import DVMProtocol

/// What memory is swapped to: a file of dvm's, or compressed memory by systemd's generator.
enum SwapSpace {
    private static let file = "/var/lib/dvm/swap"
    private static let unit = "var-lib-dvm-swap.swap"
    private static var unitFile: String { "/etc/systemd/system/\(unit)" }
    private static let generator = "/etc/systemd/zram-generator.conf.d/90-dvm.conf"
    private static let program = "/usr/lib/systemd/system-generators/zram-generator"
    /// Says that dvm had the generator installed: on Debian its package swaps by itself, so it goes when it is not needed.
    private static let installed = "/var/lib/dvm/zram-generator"
    private static let device = "systemd-zram-setup@zram0.service"

    /// Sets the swap space, taking away what dvm had set before.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: a `Refusal` when there is no room for it, or no such thing in this VM.
    static func set(
        _ swap: SystemOptions.Swap,
        in system: SystemTree,
        install: (Packages.Package) throws(Refusal) -> Void
    ) throws(Refusal) -> Bool {
        switch swap {
        case .none:
            let had = try removeFile(in: system)
            return try removeCompressed(in: system) || had
        case .file(let size):
            let had = try removeCompressed(in: system)
            return try setFile(size, in: system) || had
        case .zram(let size):
            let had = try removeFile(in: system)
            return try setCompressed(size, in: system, install: install) || had
        }
    }

    private static func setFile(_ mebibytes: Int, in system: SystemTree) throws(Refusal) -> Bool {
        let size = mebibytes << 20
        let isThere = Status.of(system.path(file)).map { $0.isRegular && $0.size == size } ?? false
        if isThere, system.has(unitFile), try system.status(["systemctl", "is-active", "-q", unit]) == .exited(0) {
            return false
        }
        _ = try removeFile(in: system)
        do throws(Refusal) {
            _ = try system.write("", to: file, mode: .ownerReadWrite)
            // Where files are copied on write (Btrfs), this one must not be, and only an empty one can be told so.
            _ = try? system.status(["chattr", "-f", "+C", file])
            // Where SELinux is, systemd swaps to files that are marked for it only.
            _ = try? system.status(["chcon", "-t", "swapfile_t", file])
            try system.program(["fallocate", "-l", "\(size)", file])
            try system.program(["mkswap", "-q", file])
            let text =
                "[Unit]\nDescription=dvm's swap file\n\n[Swap]\nWhat=\(file)\n\n[Install]\nWantedBy=swap.target\n"
            _ = try system.write(SystemTree.mark + text, to: unitFile)
            try system.program(["systemctl", "daemon-reload"])
            try system.program(["systemctl", "enable", "-q", "--now", unit])
        } catch {
            // Half of it is worth nothing, and holds the disk's space.
            _ = try? removeFile(in: system)
            throw Refusal(
                "a swap file of \(mebibytes) MiB cannot be had in the VM: \(error.message)",
                hint: "write a smaller DVM_SWAP, or a larger DVM_DISK"
            )
        }
        return true
    }

    private static func removeFile(in system: SystemTree) throws(Refusal) -> Bool {
        guard system.has(unitFile) || system.has(file) else { return false }
        if system.has(unitFile) {
            try system.program(["systemctl", "disable", "-q", "--now", unit])
            _ = try system.write(nil, to: unitFile)
            try system.program(["systemctl", "daemon-reload"])
        }
        _ = try system.write(nil, to: file)
        return true
    }

    private static func setCompressed(
        _ mebibytes: Int,
        in system: SystemTree,
        install: (Packages.Package) throws(Refusal) -> Void
    ) throws(Refusal) -> Bool {
        let text = SystemTree.mark + "[zram0]\nzram-size = \(mebibytes)\nswap-priority = 100\n"
        if try system.text(generator) == text,
            try system.status(["systemctl", "is-active", "-q", device]) == .exited(0)
        {
            return false
        }
        do throws(Refusal) {
            if !system.has(program) { _ = try system.write("", to: installed) }
            try install(.zramGenerator)
            _ = try system.write(text, to: generator)
            try system.program(["systemctl", "daemon-reload"])
            try system.program(["systemctl", "restart", device])
        } catch {
            _ = try? removeCompressed(in: system)
            throw Refusal(
                "swapping to compressed memory cannot be had in the VM: \(error.message)",
                hint: "its kernel may lack zram; write DVM_SWAP with a size for a file instead"
            )
        }
        return true
    }

    private static func removeCompressed(in system: SystemTree) throws(Refusal) -> Bool {
        let had = try system.write(nil, to: generator)
        guard had || system.has(installed) else { return false }
        if system.has(installed) {
            _ = try system.status(["systemctl", "stop", device])
            // Noted before it was installed, which may have failed: then there is nothing to take away.
            guard
                try system.status(Packages.removal(of: .zramGenerator, in: system)) == .exited(0)
                    || !system.has(program)
            else { throw Refusal("the package that made compressed memory cannot be removed from the VM") }
            _ = try system.write(nil, to: installed)
        }
        try system.program(["systemctl", "daemon-reload"])
        // The distribution's own settings count again; without any the service is gone.
        _ = try system.status(["systemctl", "try-restart", device])
        return true
    }
}
