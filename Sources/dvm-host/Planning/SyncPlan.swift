internal import DVMProtocol

/// What `dvm sync` does to a VM, from first to last.
struct SyncPlan: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        /// What it takes for the VM to run as it should; nothing when Lima was not asked.
        case instance([InstanceStep]?)
        /// The guest program, where it is missing or of another build.
        case guestProgram
        /// Host name, accounts and directories.
        case accounts
        /// A recipe or a setup script, also where nothing is to be done about it.
        case unit(PlannedUnit)
        /// The project's code, where the code directory is empty.
        case code(Repository)
        /// What comes after every unit.
        case settle
    }

    var steps: [Step]

    /// The plan for a VM; the instance is nothing when Lima was not asked, and holds nothing when there is no such VM.
    ///
    /// - Throws: a `Refusal` when the disk would have to shrink.
    init(_ settings: Settings, instance: LimaInstance??, units: [PlannedUnit]) throws(Refusal) {
        let instanceSteps: [InstanceStep]? =
            if let instance { try InstanceStep.steps(for: instance, to: settings) } else { nil }
        let recipes = units.filter(\.draft.isRecipe).map(Step.unit)
        let scripts = units.filter { !$0.draft.isRecipe }.map(Step.unit)
        // A script may be about the code, and getting that may take what a recipe installs.
        let code = [settings.repository.map(Step.code)].compactMap(\.self)
        steps = [.instance(instanceSteps), .guestProgram, .accounts] + recipes + code + scripts + [.settle]
    }
}
