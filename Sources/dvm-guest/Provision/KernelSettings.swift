internal import DVMProtocol

/// The settings of a running kernel, as `/proc/sys` has them.
struct KernelSettings {
    /// Where they are; another directory in tests.
    var top: FilePath = "/proc/sys"
    /// The directory of files that systemd reads when the VM starts.
    var files: FilePath = "/etc/sysctl.d"

    private var file: FilePath { files.appending("90-dvm.conf") }

    /// The value of a setting; nothing where this kernel does not have it.
    ///
    /// - Throws: a `Refusal` when it has it, and does not tell.
    func value(of setting: KernelSetting) throws(Refusal) -> Int? {
        let path = path(of: setting)
        guard try Status.exists(path) else { return nil }
        let text = try TextFile.read(path)
        guard let value = Int(text.split(whereSeparator: \.isWhitespace).first ?? "") else {
            throw Refusal("\(path) is not a number: “\(text.printable)”")
        }
        return value
    }

    /// Hardens what is not as it should be, now and for every start of the VM.
    ///
    /// - Returns: whether something had to be changed.
    /// - Throws: a `Refusal` that names the setting.
    func harden() throws(Refusal) -> Bool {
        var changed = false
        for setting in KernelSetting.all {
            guard let hardened = setting.hardened, let value = try value(of: setting), !setting.good.contains(value)
            else { continue }
            let path = path(of: setting)
            do {
                let file = OwnedDescriptor(try FileDescriptor.open(path, .writeOnly, options: .closeOnExec))
                try file.raw.writeAll("\(hardened)\n".utf8)
            } catch {
                throw Refusal("\(path) cannot be set to \(hardened): \(error)")
            }
            changed = true
        }
        _ = try Directories.make(files, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        return try TextFile.write(Self.text, to: file, mode: [.ownerReadWrite, .groupRead, .otherRead]) || changed
    }

    private func path(of setting: KernelSetting) -> FilePath {
        top.appending(setting.name.split(separator: ".").joined(separator: "/"))
    }

    /// The file: each setting with what it keeps off; a hyphen lets kernels pass that do not have it.
    static var text: String {
        let lines = KernelSetting.all.compactMap { setting in
            setting.hardened.map { "# Otherwise \(setting.meaning).\n-\(setting.name) = \($0)\n" }
        }
        return "# Written by dvm; `dvm sync` replaces it.\n" + lines.joined()
    }
}
