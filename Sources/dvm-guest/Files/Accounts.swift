internal import DVMProtocol

/// The accounts of the VM, read from the files themselves.
///
/// A static program that asks the C library loads the VM's own NSS modules, built against another C library, and
/// crashes on some of them. The accounts dvm deals with are local by design.
struct Accounts {
    struct Account: Hashable {
        var name: String
        var uid: UInt32
        var gid: UInt32
        var home: String
        var shell: String
    }

    private var accounts: [String: Account] = [:]
    private var members: [(gid: UInt32, names: Set<String>, name: String)] = []

    /// The accounts in the text of `/etc/passwd` and `/etc/group`; lines that are not entries are passed over, as the
    /// C library does.
    init(passwd: String, group: String) {
        for line in passwd.parts(between: "\n") {
            let fields = line.parts(between: ":")
            guard fields.count == 7, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { continue }
            let shell = fields[6].isEmpty ? "/bin/sh" : fields[6]
            // The first entry of a name counts, as for the C library.
            guard accounts[fields[0]] == nil else { continue }
            accounts[fields[0]] = Account(name: fields[0], uid: uid, gid: gid, home: fields[5], shell: shell)
        }
        for line in group.parts(between: "\n") {
            let fields = line.parts(between: ":")
            guard fields.count == 4, let gid = UInt32(fields[2]) else { continue }
            members.append((gid, Set(fields[3].parts(between: ",")), fields[0]))
        }
    }

    /// The accounts of this system.
    ///
    /// - Throws: a `Refusal` when the files cannot be read.
    static func read() throws(Refusal) -> Self {
        Self(passwd: try TextFile.read("/etc/passwd"), group: try TextFile.read("/etc/group"))
    }

    /// The account with a name, if there is one.
    subscript(name: String) -> Account? { accounts[name] }

    /// The gid of the group with a name, if there is one.
    func group(_ name: String) -> UInt32? { members.first { $0.name == name }?.gid }

    /// The gids of the groups that list an account, beside its own group.
    func groups(of account: Account) -> [UInt32] {
        members.filter { $0.names.contains(account.name) && $0.gid != account.gid }.map(\.gid)
    }

    /// The names of the accounts with a uid.
    func names(withUid uid: UInt32) -> [String] { accounts.values.filter { $0.uid == uid }.map(\.name).sorted() }

    /// The names of the groups an account belongs to.
    func groupNames(of account: Account) -> [String] {
        members.filter { $0.gid == account.gid || $0.names.contains(account.name) }.map(\.name)
    }
}
