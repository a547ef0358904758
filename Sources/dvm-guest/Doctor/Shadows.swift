internal import DVMProtocol

/// Tools that the developer would start outside the sandbox, because they come before the wrappers in the search path.
///
/// Vendors' installers put theirs into the home of whoever runs them.
enum Shadows {
    static func check(_ settings: Settings, _ accounts: Accounts) -> DoctorReport.Check {
        let name = "wrappers"
        do throws(Refusal) {
            guard let developer = accounts[settings.user] else {
                throw Refusal("the user “\(settings.user)” is gone from the VM")
            }
            // As the developer, in the shell a login gives: only that knows the search path of the login.
            let commands = settings.tools.flatMap(\.commands)
            let names = commands.joined(separator: " ")
            let script = "for name in \(names); do command -v $name; done"
            let (_, output) = try Entering.asDeveloper(developer, [developer.shell, "-l", "-c", script])
            let found = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
            let shadows = found.filter { path in
                path.hasPrefix("/") && !path.hasPrefix("/usr/local/bin/")
                    && commands.contains { path.hasSuffix("/" + $0) }
            }
            return DoctorReport.Check(
                name,
                shadows.isEmpty ? .pass : .warn,
                shadows.isEmpty
                    ? "start the tools in their sandbox"
                    : "\(shadows.joined(separator: ", ")) would be started instead, outside the sandbox",
                remedy: shadows.isEmpty ? nil : "remove what a vendor's installer put there, and install with dvm"
            )
        } catch {
            return Diagnosis.failed(name, error)
        }
    }
}
