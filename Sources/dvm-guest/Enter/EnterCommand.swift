internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest enter`: a fresh process of `serve` that gives up rights and becomes a program.
struct Enter: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Become a program with the rights it was ordered with",
        discussion: "Started by dvm-guest serve with the order on descriptor 3; not of use by hand.",
        shouldDisplay: false
    )

    func run() {
        let report = ReportStream.inherited
        do throws(Refusal) {
            let spawn = try report.order(Spawn.self)
            try spawn.check()
            switch spawn.confinement {
            case .root(let root): try Self.become(spawn, as: root, report)
            case .developer(let developer): try Self.become(spawn, as: developer, report)
            case .agent(let agent): try Self.become(spawn, as: agent, report)
            }
        } catch {
            report.refuse(error)
            Glibc.exit(1)
        }
    }
}

extension Spawn {
    /// Refuses what the kernel would not take as it was meant.
    ///
    /// Whoever ordered it checked it too; this process has the rights to lose, so it does not rely on that.
    func check() throws(Refusal) {
        guard let program = words.first, !program.isEmpty else { throw Refusal("there is no program to run") }
        // A C string ends at a NUL: what follows would be silently lost.
        guard !words.contains(where: { $0.utf8.contains(0) }) else { throw Refusal("an argument contains a NUL byte") }
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(0), !name.contains("="), !value.utf8.contains(0) else {
                throw Refusal("“\(name.printable)” cannot be an environment variable")
            }
        }
    }
}
