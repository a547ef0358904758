internal import DVMProtocol
internal import Glibc

/// The time zone of the VM's clock, as programs find it (localtime(5)).
enum TimeZone {
    private static let zones = "/usr/share/zoneinfo"

    /// Sets the time zone; one that the VM does not know is noted and left.
    ///
    /// - Returns: whether it was another.
    static func set(_ name: String?, in system: SystemTree, note: (String) -> Void) throws(Refusal) -> Bool {
        guard let name else { return false }
        guard let zone = Status.of(system.path("\(zones)/\(name)")), zone.isRegular || zone.isSymbolicLink else {
            note("the VM does not know the time zone \(name), so its clock stays as it is")
            return false
        }
        let changed = try point(system.path("/etc/localtime"), at: "..\(zones)/\(name)")
        // Debian keeps the name beside it, where some programs look for it.
        guard system.has("/etc/timezone") else { return changed }
        return try system.write(name + "\n", to: "/etc/timezone") || changed
    }

    private static func point(_ link: FilePath, at target: String) throws(Refusal) -> Bool {
        guard Link.target(of: link) != target else { return false }
        try Link.make(link, to: target)
        return true
    }
}
