internal import CLinux
internal import DVMProtocol

/// The kernel's settings, and what it knows of walls.
enum KernelChecks {
    static func checks(_ settings: KernelSettings = KernelSettings()) -> [DoctorReport.Check] {
        KernelSetting.all.map { setting in
            do throws(Refusal) {
                return check(setting, try settings.value(of: setting))
            } catch {
                return Diagnosis.failed(setting.name, error)
            }
        } + [landlock(dvm_landlock_version())]
    }

    /// What a value of a setting means; without one, this kernel does not have it.
    static func check(_ setting: KernelSetting, _ value: Int?) -> DoctorReport.Check {
        guard let value else { return DoctorReport.Check(setting.name, .pass, "not in this kernel") }
        guard !setting.good.contains(value) else { return DoctorReport.Check(setting.name, .pass, "\(value)") }
        return DoctorReport.Check(
            setting.name,
            .warn,
            "\(value)",
            meaning: setting.meaning,
            remedy: setting.hardened == nil
                ? nil
                : "run `dvm sync` for this VM on the host; if it comes back, a file in /etc/sysctl.d sets it after dvm's"
        )
    }

    static func landlock(_ version: Int32) -> DoctorReport.Check {
        let name = "Landlock"
        switch version {
        case ..<1: return DoctorReport.Check(name, .pass, "not in this kernel; the other walls do not lean on it")
        case 1..<6:
            return DoctorReport.Check(
                name,
                .pass,
                "version \(version): keeps the session's processes from others; abstract sockets from version 6 on"
            )
        default:
            return DoctorReport.Check(name, .pass, "version \(version): processes, signals and abstract sockets")
        }
    }
}
