internal import DVMProtocol

/// The language of messages and formats for logins and services (locale.conf(5)).
enum Locale {
    /// What every system has.
    static let fallback = "C.UTF-8"

    /// Sets the locale, making it where the distribution can; one that cannot be had is noted.
    ///
    /// - Returns: whether something changed, and the locale that programs are to use.
    static func set(
        _ name: String?,
        in system: SystemTree,
        note: (String) -> Void,
        install: (Packages.Package) throws(Refusal) -> Void
    ) throws(Refusal) -> (changed: Bool, locale: String) {
        guard let name else { return (false, fallback) }
        var changed = false
        var found = name
        if try !isThere(name, in: system) {
            changed = try make(name, in: system, install)
            if try !isThere(name, in: system) {
                note("the VM does not have the locale \(name), so it uses \(fallback)")
                found = fallback
            }
        }
        changed = try system.write("LANG=\(found)\n", to: file(in: system)) || changed
        return (changed, found)
    }

    /// Debian has a file of its own, which since 13 is a link to the common one.
    private static func file(in system: SystemTree) -> String {
        let own = "/etc/default/locale"
        guard system.has("/etc/debian_version"), Status.of(system.path(own))?.isSymbolicLink != true else {
            return "/etc/locale.conf"
        }
        return own
    }

    private static func isThere(_ name: String, in system: SystemTree) throws(Refusal) -> Bool {
        // Those that are not in the common archive, on most systems all, are seen without asking.
        if ["C", "POSIX"].contains(name) || system.has("/usr/lib/locale/\(normal(name))") { return true }
        let known = try system.answer(["locale", "-a"]).split(whereSeparator: \.isNewline).map { normal(String($0)) }
        return known.contains(normal(name))
    }

    /// A name with its character set as the C library writes it: `de_DE.utf8` for `de_DE.UTF-8`.
    static func normal(_ name: String) -> String {
        guard let dot = name.firstIndex(of: ".") else { return name }
        let end = name[dot...].firstIndex(of: "@") ?? name.endIndex
        return name[..<dot] + name[dot..<end].lowercased().filter { $0 != "-" } + name[end...]
    }

    /// Has the distribution make a locale; whether it did anything, not whether it worked.
    private static func make(
        _ name: String,
        in system: SystemTree,
        _ install: (Packages.Package) throws(Refusal) -> Void
    ) throws(Refusal) -> Bool {
        let list = "/etc/locale.gen"
        if system.has("/usr/bin/apt-get"), !system.has("/usr/sbin/locale-gen") {
            // Small images come without. A language is not worth more than a note.
            do throws(Refusal) { try install(.locales) } catch { return false }
        }
        if system.has("/usr/sbin/locale-gen"), system.has(list) {
            guard let added = added(name, to: try system.text(list)) else { return false }
            _ = try system.write(added, to: list)
            try system.program(["locale-gen"])
            return true
        }
        guard system.has("/usr/bin/dnf") else { return false }
        // Without the package it stays as it is, and is noted.
        let language = name.prefix { $0.isLetter }
        return try system.status(["dnf", "-q", "-y", "install", "glibc-langpack-\(language)"]) == .exited(0)
    }

    /// The text of `locale.gen` with a locale among those to be made.
    static func added(_ name: String, to list: String) -> String? {
        let set = name.parts(between: ".").dropFirst().first.map { $0.parts(between: "@")[0] } ?? "ISO-8859-1"
        let line = "\(name) \(set)"
        var lines = list.parts(between: "\n")
        guard !lines.contains(line) else { return nil }
        if let index = lines.firstIndex(where: { $0.drop { $0 == "#" || $0 == " " } == line }) {
            lines[index] = line
            return lines.joined(separator: "\n")
        }
        return list + (list.isEmpty || list.hasSuffix("\n") ? "" : "\n") + line + "\n"
    }
}
