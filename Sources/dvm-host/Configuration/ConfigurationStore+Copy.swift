internal import DVMProtocol

extension ConfigurationStore {
    /// Writes the configuration of a VM for another one, with a code directory that is where the copy has it.
    ///
    /// - Returns: the files written; none is left when it is refused.
    /// - Throws: a `Refusal` when the other has a configuration, or the copy does not load.
    func copy(_ source: MachineName, to copy: MachineName) async throws -> [FilePath] {
        let loaded = try await load(source)
        guard let own = try file(of: source) else { throw unknown(source) }
        let directory = paths.config.appending("vms")
        for path in [path(for: copy), directory.appending(copy.text)] where Files.exists(path) {
            throw Refusal(
                "\(copy) has a configuration already: \(path.shown)",
                hint: "choose another name, or move it away"
            )
        }
        do {
            try Files.write(String(decoding: own.bytes, as: UTF8.self), to: path(for: copy), replacing: false)
            if let script = try trusted.read("vms", source.text, "setup.sh") {
                try Files.makeDirectory(directory.appending(copy.text), mode: 0o700)
                let path = directory.appending(copy.text).appending("setup.sh")
                try Files.write(String(decoding: script.bytes, as: UTF8.self), to: path, replacing: false)
            }
            let place = loaded.settings.codeDirectory
            if try await load(copy).settings.codeDirectory != place {
                let text = String(decoding: own.bytes, as: UTF8.self)
                let line = "DVM_CODE_DIR='\(place.replacing("'", with: #"'\''"#))'   # where \(source) has it\n"
                let end = text.hasSuffix("\n") || text.isEmpty ? "" : "\n"
                try Files.replace(path(for: copy), with: text + end + line)
                guard try await load(copy).settings.codeDirectory == place else {
                    throw Refusal(
                        "the configuration of \(source) gives \(copy) another code directory than \(place)",
                        hint: "write DVM_CODE_DIR in the configuration of \(source)"
                    )
                }
            }
        } catch {
            _ = try? remove(copy)
            throw error
        }
        return try remaining(of: copy)
    }

    private func remaining(of vm: MachineName) throws(Refusal) -> [FilePath] {
        let directory = paths.config.appending("vms")
        return [path(for: vm), directory.appending(vm.text).appending("setup.sh")].filter(Files.exists)
    }
}
