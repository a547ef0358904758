internal import DVMProtocol

/// Where a VM's sshd is reached on this computer, as Lima wrote it into the instance's `ssh.config`.
struct LimaLogin: Hashable, Sendable {
    /// An address of IPv4 or IPv6.
    var address: String
    var port: UInt16
    /// Lima's private key.
    var identity: FilePath

    /// The file of a VM.
    static func file(of vm: MachineName, in paths: Paths) -> FilePath {
        paths.instance(of: vm).appending("ssh.config")
    }

    /// What Lima last wrote for a VM; nothing when it was never started.
    ///
    /// - Throws: a `Refusal` that names the file, when it holds anything else than Lima writes.
    static func read(_ vm: MachineName, in paths: Paths) throws(Refusal) -> Self? {
        let file = file(of: vm, in: paths)
        guard Files.exists(file) else { return nil }
        let text = String(decoding: try Files.own(file, limit: 64 * 1024), as: UTF8.self)
        do throws(Refusal) {
            return try Self(text, instance: vm.instance)
        } catch {
            throw Refusal(
                "\(file.shown) is not as Lima writes it: \(error.message)",
                hint: "Lima writes it anew at every start: `dvm stop \(vm)`, then `dvm sync \(vm)`"
            )
        }
    }

    /// Reads the text of such a file: one block for the instance, with these three named once, or the first of several
    /// keys, which is Lima's own.
    ///
    /// - Throws: a `Refusal` that says what is odd.
    init(_ text: String, instance: String) throws(Refusal) {
        var values: [String: [String]] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingPrefix { $0 == " " || $0 == "\t" }
            guard let first = line.first, first != "#" else { continue }
            let key = line.prefix { $0.isLetter }.lowercased()
            let rest = line.dropFirst(key.count)
            guard let gap = rest.first, gap == " " || gap == "\t" else {
                throw Refusal("it has the line “\(String(line.prefix(100)).printable)”")
            }
            values[key, default: []].append(String(rest.trimmingPrefix { $0 == " " || $0 == "\t" }))
        }
        guard values["host"] == ["lima-\(instance)"], values["match"] == nil, values["include"] == nil else {
            throw Refusal("it does not tell of lima-\(instance) alone")
        }
        func only(_ key: String) throws(Refusal) -> String {
            guard let found = values[key.lowercased()], found.count == 1 else {
                throw Refusal("it names \(key) \(values[key.lowercased()]?.count ?? 0) times")
            }
            return found[0]
        }

        address = try only("Hostname")
        guard LocalPort.isAddress(address) else {
            throw Refusal("its Hostname “\(address.printable)” is not an address")
        }
        let digits = try only("Port")
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(digits), port > 0
        else { throw Refusal("its Port “\(digits.printable)” is not one") }
        self.port = port
        guard let key = values["identityfile"]?.first, let path = SshWord.path(key) else {
            throw Refusal("it names no IdentityFile by an absolute path")
        }
        identity = path
    }
}

/// Words of ssh_config(5).
enum SshWord {
    /// A path as a word: in quotes, with what ssh would replace written so that it is not.
    ///
    /// - Throws: a `Refusal` for a path that cannot be written there.
    static func quoted(_ path: FilePath) throws(Refusal) -> String {
        let text = path.string
        guard text.hasPrefix("/"), isPlain(text), !text.contains("${") else {
            throw Refusal(
                "“\(path.shown)” cannot be written into a configuration of ssh",
                hint: "use a directory without quotes, backslashes, control characters and ${"
            )
        }
        return "\"\(text.replacing("%", with: "%%"))\""
    }

    /// The absolute path that a word stands for; nothing when it is something else, or ssh would replace a part of it.
    static func path(_ word: String) -> FilePath? {
        var text = word[...]
        if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") {
            text = text.dropFirst().dropLast()
        } else if text.contains(where: \.isWhitespace) {
            return nil
        }
        guard text.hasPrefix("/"), isPlain(text), !text.contains("${"),
            !text.replacing("%%", with: "").contains("%")
        else { return nil }
        return FilePath(String(text.replacing("%%", with: "%")))
    }

    private static func isPlain(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\"" && $0 != "\\" }
    }
}
