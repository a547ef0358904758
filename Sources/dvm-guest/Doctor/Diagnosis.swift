internal import DVMProtocol
internal import Glibc

/// Looks at every protection of this VM, by trying it where that is possible.
enum Diagnosis {
    /// The report; a check that cannot be made has failed, and says why.
    ///
    /// To be run as root, whom alone nothing is hidden from.
    static func run() -> DoctorReport {
        var report = DoctorReport()
        do throws(Refusal) {
            let settings = try Settings.read()
            let accounts = try Accounts.read()
            report.checks += AccountChecks(settings: settings, accounts: accounts).checks()
            report.checks += DenialChecks.checks(settings, accounts)
            report.checks += SetUpChecks.checks(settings, accounts)
            report.checks += ProjectChecks.checks(settings, accounts)
            report.checks += SandboxRequirements.checks()
            if let developer = accounts[settings.user] { report.checks += BubblewrapChecks.checks(developer) }
            report.checks += KernelChecks.checks()
            report.checks += LauncherChecks.checks()
            report.checks += StrayChecks.checks(settings, accounts)
            report.checks += [Shadows.check(settings, accounts), GitCheck.check(settings.agents.git)]
            report.checks += GitCheck.remainders(PendingReview.remainders().map(PendingReview.Remainder.init))
            report.checks += KeyChecks.checks(settings, accounts)
            report.checks += sandbox(settings, accounts)
        } catch {
            report.checks.append(failed("set-up", error))
        }
        return report
    }

    /// Starts a session as any tool's and lets it look around.
    private static func sandbox(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        do throws(Refusal) {
            let shell = try Tool.named("shell")
            let plan = try ProgramPlan(
                Program(.tool(name: shell.name, arguments: [])),
                settings: settings,
                accounts: accounts
            )
            let home = accounts[settings.user]?.home ?? "/root"
            let programs = settings.tools.compactMap(LauncherChecks.installedProgram(of:)).flatMap {
                ["--program", $0.string]
            }
            let probe = plan.spawn.running([View.program, "probe"] + programs + hidden(from: home))
            let (exit, output) = try SupervisedRun.run(probe)
            guard exit == .exited(0), let facts = try? JSON.decode(SandboxFacts.self, from: output) else {
                throw Refusal("the probe ended with status \(exit.status)")
            }
            return facts.checks(under: settings.agents.systemCalls)
                + [NetworkChecks.check(plan.spawn, settings.agents)]
        } catch {
            return [failed("sandbox", error)]
        }
    }

    /// What an agent must not find.
    private static func hidden(from home: String) -> [String] {
        [
            "/root", "/sys/kernel", "/mnt/lima-cidata", "/etc/shadow", "/etc/sudoers", "/etc/machine-id",
            "/etc/ssh/ssh_host_ed25519_key",
            "/run/systemd", "/run/dbus", "/run/dvm/agent.sock", "/run/dvm/door.sock",
            "/run/lima-guestagent.sock", "/run/docker.sock",
            "/var/lib/dvm",
            "/dev/vsock", "/dev/kmsg", "/dev/mem", "/dev/vda",
        ] + [".ssh", ".gnupg", ".bash_history", ".bashrc", ".profile", ".config"].map { "\(home)/\($0)" }
    }

    static func failed(_ name: String, _ refusal: Refusal) -> DoctorReport.Check {
        DoctorReport.Check(
            name,
            .fail,
            refusal.message,
            remedy: refusal.hint ?? "run `dvm sync` for this VM on the host"
        )
    }
}
