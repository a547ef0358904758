internal import DVMProtocol

/// Whether a VM has snapshots: they go with it, and nobody can look for work in them.
extension Snapshots {
    /// The names of those in a VM's disk, also of one that runs; none where it can have none, or has no disk yet.
    ///
    /// - Throws: a `Refusal` when that cannot be found out.
    func names(of instance: LimaInstance) async throws -> [String] {
        guard instance.vmType == "qemu" else { return [] }
        do {
            return try await limactl.snapshots(of: vm).map(\.name)
        } catch let refusal as Refusal {
            // Lima has no list of a VM that was never started: it has no disk yet.
            let names = Files.names(in: session.paths.instance(of: vm))
            guard names.contains(where: ["diffdisk", "disk"].contains) else { return [] }
            throw refusal
        }
    }

    /// Refuses to destroy a VM with snapshots, or of which that is not known; where it is to be destroyed all the same, says
    /// what goes with it.
    ///
    /// - Parameters:
    ///   - instance: the VM as Lima knows it.
    ///   - force: whether it is to be destroyed whatever it holds.
    ///   - verb: the command that would destroy it.
    /// - Throws: a `Refusal` that names them; never when forced.
    func requireNone(in instance: LimaInstance, force: Bool, for verb: String) async throws {
        let allTheSame = "`dvm \(verb) \(vm) --yes --force` does it all the same, and loses them"
        let names: [String]
        do {
            names = try await self.names(of: instance)
        } catch let refusal as Refusal {
            guard force else {
                throw Refusal(
                    "it is not known whether \(vm) has snapshots, which may hold work that is nowhere else:\n"
                        + refusal.message,
                    hint: [refusal.hint, allTheSame].compactMap(\.self).joined(separator: "; ")
                )
            }
            return session.display.note(
                "whatever snapshots \(vm) has are lost; it is not known which: \(refusal.message)"
            )
        }
        guard let first = names.first else { return }
        let list =
            names.prefix(10).map { "“\(String($0.prefix(60)).printable)”" }.joined(separator: ", ")
            + (names.count > 10 ? " and \(names.count - 10) more" : "")
        guard force else {
            throw Refusal(
                "\(vm) has snapshots, which go with it and may hold work that is nowhere else: \(list)",
                hint: "`dvm snapshot rm \(vm) \(String(first.prefix(60)).printable) --yes` removes one; \(allTheSame)"
            )
        }
        session.display.note("lost with \(vm): its snapshots \(list)")
    }
}
