internal import DVMProtocol

/// Stopping and removing, which need no configuration: a broken one must not keep a VM running.
struct MachineEnd: Sendable {
    let name: MachineName
    let limactl: Limactl
    let session: Session

    /// Stops a VM; says whether there was anything to do.
    ///
    /// - Throws: a `Refusal` when it does not stop.
    func stop(_ instance: LimaInstance, force: Bool) async throws -> Bool {
        guard instance.status != .stopped else { return false }
        let log = try session.log("lima", of: name)
        try await session.display.step("stopping \(name)") {
            do {
                try await limactl.perform(.stop(force: force), on: name, log: log, follow: session.display.follow)
            } catch let refusal as Refusal {
                // It may have stopped by itself in the meantime; what counts is how it stands.
                guard try await limactl.instance(of: name)?.status == .stopped else {
                    throw Refusal(
                        refusal.message,
                        hint: force ? refusal.hint : "`dvm stop --force \(name)` switches it off; \(refusal.hint ?? "")"
                    )
                }
                return
            }
            // As with everything Lima says it did. What is broken may stay so when it is switched off.
            let status = try await limactl.instance(of: name)?.status ?? .stopped
            guard status == .stopped || force && status != .running else {
                throw Refusal(
                    "limactl ended without a complaint, and Lima says that \(name) is \(status.text)",
                    hint: (force ? "" : "`dvm stop --force \(name)` switches it off; ")
                        + "the whole output is in \(log.path.shown)"
                )
            }
        }
        return true
    }

    /// Deletes a VM with everything in it.
    ///
    /// - Throws: a `Refusal` when anything of it is left.
    func delete() async throws {
        let log = try session.log("lima", of: name)
        let directory = session.paths.instance(of: name)
        try await session.display.step("deleting \(name)") {
            try await limactl.perform(.delete, on: name, log: log, follow: session.display.follow)
            guard try await limactl.instance(of: name) == nil, !Files.exists(directory) else {
                throw Refusal(
                    "\(name) is not gone: \(directory.shown) is still there",
                    hint: "a protected VM needs `limactl unprotect \(name.instance)` first; "
                        + "the whole output is in \(log.path.shown)"
                )
            }
        }
        // Another VM may get its name.
        for path in session.state(of: name).forget() {
            session.display.note("\(path.shown), which was about \(name), cannot be removed")
        }
    }
}
