internal import DVMProtocol

/// A copy as the host asked for it, turned into what a process is to do, and as whom.
///
/// Pure: everything it depends on is a value.
struct CopyOrder: Hashable, Codable {
    var uid: UInt32
    var gid: UInt32
    /// Supplementary groups.
    var groups: [UInt32]
    /// Below this directory no link is followed: somebody else may have made it.
    var guarded: RawPath
    var recursive: Bool
    var dryRun: Bool
    var mostBytes: UInt64
    var role: Role

    enum Role: Hashable, Codable {
        case send([Source])
        case receive(path: RawPath, several: Bool, mustBeDirectory: Bool)
    }

    struct Source: Hashable, Codable {
        /// An absolute path without dots.
        var path: RawPath
        /// What it is called in the copy; nothing for what is in a directory.
        var name: RawPath
    }

    /// What the process that takes it is started by.
    static let commandName = "copy"

    /// The order for a request in a VM with these settings and accounts.
    ///
    /// - Throws: a `Refusal` when an account is missing or a path makes no sense.
    init(_ request: CopyRequest, settings: Settings, accounts: Accounts) throws(Refusal) {
        let name = request.asAgent ? AgentAccount.name : settings.user
        guard let account = accounts[name] else {
            throw Refusal("the account \(name) is gone from the VM", hint: "run `dvm sync` for this VM on the host")
        }
        uid = account.uid
        gid = account.gid
        groups = request.asAgent ? [] : accounts.groups(of: account)
        let base = request.asAgent ? AgentAccount.homes : settings.codeDirectory
        let home = request.asAgent ? AgentAccount.homes : account.home
        guarded = RawPath(base)
        recursive = request.recursive
        dryRun = request.dryRun
        mostBytes = request.mostBytes
        switch request.role {
        case .send(let paths):
            role = .send(
                paths.map { path in
                    let isContents = path.meansContents || path == RawPath("~") || path == RawPath("~/")
                    return Source(
                        path: Self.absolute(path, base: base, home: home),
                        name: RawPath(isContents ? [] : path.parts.last ?? [])
                    )
                }
            )
        case .receive(let path, let several):
            role = .receive(
                path: Self.absolute(path, base: base, home: home),
                several: several,
                mustBeDirectory: path.endsWithSlash
            )
        }
    }

    /// The path that a person means: relative ones in the code directory, `~` the home; dots are taken as written.
    static func absolute(_ path: RawPath, base: String, home: String) -> RawPath {
        var parts = path.parts
        if path.bytes.first != UInt8(ascii: "/") {
            // Not `./~`, which is a file of that name.
            if parts.first == [UInt8(ascii: "~")], path.bytes.first == UInt8(ascii: "~") {
                parts = RawPath(home).parts + parts.dropFirst()
            } else {
                parts = RawPath(base).parts + parts
            }
        }
        var plain: [[UInt8]] = []
        for part in parts {
            if part.elementsEqual("..".utf8) { _ = plain.popLast() } else { plain.append(part) }
        }
        return RawPath([UInt8(ascii: "/")] + plain.joined(separator: [UInt8(ascii: "/")]))
    }
}
