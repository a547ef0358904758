/// What a host asks of a guest when it opens a channel.
public enum Request: Hashable, Codable, Sendable {
    /// Run a program with streams or a terminal.
    case program(Program)
    /// Do something the guest knows, report progress, end with a result.
    case task(GuestTask)
    /// Take up a session of an agent that was left running.
    case attach(Attachment)

    /// Refuses what could never be carried out, before anything is made from it.
    ///
    /// - Throws: a `Refusal` that names the part.
    public func check() throws(Refusal) {
        switch self {
        case .program(let program): try program.check()
        case .task(.provision(let plan)): try plan.check()
        case .task(.unit(let unit)): try unit.check()
        case .task(.clone(let repository)): try repository.check()
        case .task(.settle(let settle)): try settle.check()
        case .task(.copy(let copy)): try copy.check()
        case .task(.renewIdentity(let renewal)): try renewal.check()
        case .task(.activity(let services)): try Activity.check(services: services)
        case .task(.sshKeys(let request)): try request.check()
        case .task(.answerSignIn(let answer)): try answer.check()
        case .task(.review(let request)): try request.check()
        case .attach(let attachment): try attachment.check()
        case .task: break
        }
    }
}

/// Something the guest knows how to do by itself.
public enum GuestTask: Hashable, Codable, Sendable {
    /// Make the VM fit to work in; ends with a `Provisioned`.
    case provision(Provision)
    /// Make a copied VM another one than it was copied from; ends with an `IdentityRenewed`.
    case renewIdentity(IdentityRenewal)
    /// Run a recipe or a setup script; what it prints is the task's output, and it ends with a `UnitOutcome`.
    case unit(ProvisionUnit)
    /// List the units that have succeeded; ends with a list of `UnitRecord`.
    case unitRecords
    /// Get the project's code into an empty code directory; ends with a `CloneOutcome`.
    case clone(Repository)
    /// Do what comes after every unit; ends with a `Settled`.
    case settle(Settle)
    /// Be one end of a copy, whose stream is input and output (`CopyRecord`); ends with a `CopyReport`.
    case copy(CopyRequest)
    /// Probe every protection; ends with a `DoctorReport`.
    case doctor
    /// Try the attacks of the list as an agent would; ends with a `SelfTestReport`.
    case selfTest
    /// Say how the VM is logged in to with SSH; ends with a `RemoteLogin`.
    case remoteLogin
    /// List who listens for connections; ends with a list of `ListeningPort`.
    case ports
    /// Look for everything that is nowhere but in this VM; ends with a `WorkReport`.
    case work
    /// Look at what was done since the last review, or have something to do with that.
    case review(ReviewRequest)
    /// Look what works in the VM at the moment, such services included; ends with an `Activity`.
    case activity(services: [String])
    /// Make and show the SSH keys of the user; ends with `SSHKeys`.
    case sshKeys(SSHKeyRequest)
    /// Make and show the GPG key of the user, and renew it in its last days; ends with a `GPGKey`.
    case gpgKey
    /// List the sessions of agents; ends with a list of `SessionSummary`, the ended ones too on request.
    case sessions(ended: Bool)
    /// Tell all there is about a session: ends with a `SessionSummary`, and what it showed last is the task's output.
    case sessionReport(SessionID)
    /// End a session that runs; ends with its `SessionSummary`.
    case endSession(SessionID)
    /// Hand what a browser brought back to the tool that waits for it in a session; ends with a `SignInOutcome`.
    case answerSignIn(SignInAnswer)
}

/// What a task is doing now.
public struct Progress: Hashable, Codable, Sendable {
    /// The step, in a few words.
    public var step: String

    /// A step.
    public init(step: String) { self.step = step }
}
