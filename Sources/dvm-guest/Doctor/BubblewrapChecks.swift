internal import DVMProtocol

/// Which Bubblewrap this is, and whether AppArmor lets it work.
enum BubblewrapChecks {
    /// To be asked as a user without rights: it is never run as root.
    static func checks(_ developer: Accounts.Account) -> [DoctorReport.Check] {
        [version(developer), appArmor(.current)]
    }

    private static func version(_ developer: Accounts.Account) -> DoctorReport.Check {
        do throws(Refusal) {
            let (_, output) = try Entering.asDeveloper(developer, [Bubblewrap.path, "--version"])
            return version(said: String(decoding: output, as: UTF8.self))
        } catch {
            return Diagnosis.failed(name, error)
        }
    }

    private static let name = "bubblewrap version"

    /// What the line means in which Bubblewrap says its version, such as `bubblewrap 0.11.0`.
    static func version(said: String) -> DoctorReport.Check {
        let parts = said.split(whereSeparator: \.isWhitespace).last?.split(separator: ".").map { Int($0) } ?? []
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else {
            return DoctorReport.Check(
                name,
                .fail,
                "it does not say: “\(said.printable)”",
                remedy: "install the distribution's package again"
            )
        }
        let number = "\(major).\(minor)"
        guard (major, minor) >= (0, 8) else {
            return DoctorReport.Check(
                name,
                .fail,
                number,
                meaning: "it cannot keep a sandbox from making user namespaces, so no agent starts",
                remedy: "use a newer release of the VM's distribution: `dvm` needs 0.8 or newer"
            )
        }
        guard (major, minor) >= (0, 12) else {
            return DoctorReport.Check(
                name,
                .warn,
                number,
                meaning:
                    "older than 0.12, it follows symbolic links it is told to mount (CVE-2026-87766); dvm tells it none "
                    + "that an agent could make",
                remedy: "update it when the distribution has a newer one"
            )
        }
        return DoctorReport.Check(name, .pass, number)
    }

    /// What Ubuntu's restriction means here.
    static func appArmor(_ namespaces: UserNamespaces) -> DoctorReport.Check {
        let name = "AppArmor"
        guard namespaces.restrictedByAppArmor == 1 else {
            return DoctorReport.Check(name, .pass, "does not restrict user namespaces")
        }
        let profiles = (namespaces.profiles ?? []).filter(UserNamespaces.letsBubblewrap)
        switch profiles.count {
        case 1: return DoctorReport.Check(name, .pass, "lets bwrap make them, by the profile \(profiles[0].printable)")
        case 0:
            return DoctorReport.Check(
                name,
                .warn,
                "keeps user namespaces from programs without a profile, and none is seen for bwrap",
                meaning: "no agent starts where it is so",
                remedy: namespaces.refusal?.hint ?? "look at /sys/kernel/security/apparmor/profiles as root"
            )
        default:
            return DoctorReport.Check(
                name,
                .warn,
                "has several profiles for bwrap: \(profiles.joined(separator: ", ").printable)",
                meaning: "the kernel uses none of them when two are for one path",
                remedy: "remove all but the distribution's from /etc/apparmor.d, and restart the VM"
            )
        }
    }
}
