internal import DVMProtocol

extension SandboxFacts {
    /// What the facts mean, for people, where the configuration chose these system calls.
    func checks(under choice: AgentPolicy.SystemCalls) -> [DoctorReport.Check] {
        [
            identity, filter(choice), privileges, capabilityCheck, descriptorCheck, pathCheck, mountCheck, looseCheck,
            firstProcessCheck, programCheck,
        ] + attemptChecks(choice)
    }

    private static let sync = "run `dvm sync` for this VM on the host, which installs the guest program again"

    private func check(_ name: String, _ holds: Bool, _ found: String, remedy: String = sync) -> DoctorReport.Check {
        DoctorReport.Check("sandbox: \(name)", holds ? .pass : .fail, found, remedy: holds ? nil : remedy)
    }

    private var identity: DoctorReport.Check {
        check("user", uid != 0, uid != 0 ? "the agent is uid \(uid)" : "the agent is root")
    }

    private func filter(_ choice: AgentPolicy.SystemCalls) -> DoctorReport.Check {
        let name = "system call filter"
        // At least: a container that the VM may be has put its own on everything.
        guard seccompMode == 2, seccompFilters >= SystemCallFilter.programCount else {
            return check(
                name,
                false,
                "not loaded whole (mode \(seccompMode), \(seccompFilters) of \(SystemCallFilter.programCount) filters)"
            )
        }
        guard choice == .nested else { return check(name, true, "loaded: \(choice.rawValue)") }
        return DoctorReport.Check(
            "sandbox: \(name)",
            .warn,
            "loaded, but “nested” lets programs make namespaces and mounts, where most faults of the kernel are",
            remedy: "set DVM_AI_SECCOMP=default in the VM's configuration unless a tool needs a sandbox of its own"
        )
    }

    private var privileges: DoctorReport.Check {
        check(
            "new privileges",
            noNewPrivileges,
            noNewPrivileges ? "none can be gained" : "setuid programs give theirs to the agent"
        )
    }

    private var capabilityCheck: DoctorReport.Check {
        let held = capabilities.filter { $0.value.contains { $0 != "0" } }.keys.sorted()
        let holds = held.isEmpty && !capabilities.isEmpty
        return check(
            "capabilities",
            holds,
            holds ? "none" : capabilities.isEmpty ? "unknown" : "some in \(held.joined(separator: ", "))"
        )
    }

    private var descriptorCheck: DoctorReport.Check {
        check(
            "descriptors",
            descriptors.isEmpty,
            descriptors.isEmpty
                ? "nothing open but the three streams"
                : "open from outside: \(descriptors.map(String.init).joined(separator: ", "))"
        )
    }

    /// Every asked-for path must be hidden; one that exists and cannot be read is hidden badly.
    private var pathCheck: DoctorReport.Check {
        let seen = paths.filter { $0.value != .absent }.keys.sorted()
        let readable = paths.values.contains(.readable)
        return DoctorReport.Check(
            "sandbox: hidden paths",
            seen.isEmpty ? .pass : readable ? .fail : .warn,
            seen.isEmpty
                ? "\(paths.count) looked for, none there"
                : "\(seen.joined(separator: ", ").printable) \(readable ? "can be read" : "exists, but cannot be read")",
            remedy: seen.isEmpty ? nil : Self.sync
        )
    }

    private var mountCheck: DoctorReport.Check {
        let outside = ["/sys", "/mnt", "/boot", "/root", "/run/dvm/stage", "/oldroot", "/newroot"]
        let wrong = mounts.filter { mount in outside.contains { mount == $0 || mount.hasPrefix($0 + "/") } }
        let holds = wrong.isEmpty && mounts.contains(View.workspace)
        return check(
            "mounts",
            holds,
            holds
                ? "the project and the parts of the system that belong there"
                : wrong.isEmpty
                    ? "the project is not mounted" : "\(wrong.sorted().joined(separator: ", ").printable) is mounted"
        )
    }

    private var looseCheck: DoctorReport.Check {
        check(
            "setuid programs and devices",
            looseMounts.isEmpty,
            looseMounts.isEmpty
                ? "work on none of the mounts" : "would work in \(looseMounts.joined(separator: ", ").printable)"
        )
    }

    /// What Bubblewrap is started with: numbers of descriptors, and nothing that says a path or a value.
    private var firstProcessCheck: DoctorReport.Check {
        let known: Set<String> = ["bwrap", "--args", "--", View.program, "inner"]
        let other = firstProcess.filter { !known.contains($0) && Int32($0) == nil }
        let holds = other.isEmpty && !firstProcess.isEmpty
        return check(
            "arguments of process 1",
            holds,
            holds
                ? "say neither paths of the VM nor values"
                : firstProcess.isEmpty
                    ? "unknown" : "say more than they should: \(other.joined(separator: " ").printable)"
        )
    }

    private var programCheck: DoctorReport.Check {
        let missing = programs.filter { !$0.value }.keys.sorted()
        return DoctorReport.Check(
            "sandbox: tools",
            missing.isEmpty ? .pass : .warn,
            missing.isEmpty
                ? programs.isEmpty ? "none is installed" : "\(programs.count) can be run there"
                : "installed, and cannot be run there: \(missing.joined(separator: ", ").printable)",
            remedy: missing.isEmpty ? nil : "install it for all users, with everything it needs below /usr"
        )
    }

    private func attemptChecks(_ choice: AgentPolicy.SystemCalls) -> [DoctorReport.Check] {
        SandboxAttempt.all.map { attempt in
            guard let answer = attempts[attempt.name] else { return check(attempt.name, false, "was not tried") }
            let holds = attempt.expected(under: choice).contains(answer)
            let held =
                !attempt.expected(under: .standard).contains(answer)
                ? "allowed (\(answer)), as DVM_AI_SECCOMP=\(choice.rawValue) says"
                : answer == "ok" ? "allowed, and bounded by the pid namespace" : "refused (\(answer))"
            return check(attempt.name, holds, holds ? held : "\(answer): \(attempt.meaning)")
        }
    }
}
