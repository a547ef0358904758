internal import ArgumentParser
internal import DVMProtocol

/// The VM a command is about.
struct VMArgument: ParsableArguments {
    @Argument(help: "Name of the VM", completion: .shellCommand("dvm ls --names"))
    var vm: String

    /// The name, checked.
    ///
    /// Not in a transform: ArgumentParser would put its own words around the refusal and drop the hint's line.
    ///
    /// - Throws: a `UsageRefusal` that says which rule it breaks.
    func name() throws(UsageRefusal) -> MachineName {
        try UsageRefusal.from { () throws(Refusal) in try MachineName(vm) }
    }
}

/// How much a command tells.
struct TalkOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Show the output of every program (also with DVM_VERBOSE=1)")
    var verbose = false

    /// A session that tells as much.
    ///
    /// - Throws: a `Refusal` when the environment does not say where files are.
    func session() throws(Refusal) -> Session {
        var variables = HostEnvironment.current.variables
        if verbose { variables["DVM_VERBOSE"] = "1" }
        return try Session(HostEnvironment(variables))
    }
}

/// What has to be said before a VM is deleted.
struct DeletionOptions: ParsableArguments {
    @Flag(help: "Say that you mean it")
    var yes = false

    @Flag(help: "Delete it with the work and the snapshots it holds, and when those cannot be found out")
    var force = false
}

/// What the VM's programs may do to the terminal.
struct TerminalOptions: ParsableArguments {
    @Flag(name: .customLong("raw"), help: "Hand on everything written to the terminal, also what reaches beyond it")
    var isRaw = false
}

extension UsageRefusal {
    /// Turns a refusal of what was typed into one that ends with the status of usage errors.
    static func from<Value>(_ body: () throws(Refusal) -> Value) throws(UsageRefusal) -> Value {
        do {
            return try body()
        } catch {
            throw UsageRefusal(refusal: error)
        }
    }
}
