internal import ArgumentParser
internal import CLinux
internal import DVMProtocol
internal import Glibc

/// `dvm-guest attack`: run in a tool's place inside the sandbox, and outside as the control.
///
/// Without a name it tries every attack it was told, each in a process of its own, so that one that is killed or hangs
/// does not lose the others.
struct AttackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack",
        abstract: "Try what an agent must not be able to do",
        discussion: "Run by dvm-guest selftest inside the agent's sandbox; prints JSON.",
        shouldDisplay: false
    )

    @Argument(help: "What is around the attacks, as JSON")
    var ground: String

    @Option(help: "Try this attack alone, in this process")
    var name: String?

    @Option(help: "Look for what earlier attacks left in this place, instead of trying them")
    var traces: String?

    @Option(help: "Try the attacks with this control only")
    var control: String?

    @Option(help: "Try the attacks on this subject only")
    var subject: String?

    @Option(help: "Try the attacks that lie in how this session was asked for")
    var asking: String?

    @Flag(help: "Leave the mounts of the VM alone")
    var ownMounts = false

    func run() throws {
        var ground = try JSON.decode(AttackGround.self, from: Array(ground.utf8))
        let place = traces.flatMap(Attack.Place.init(rawValue:))
        guard let name else {
            // Every number is asked about, since reading a directory of them would open one more.
            ground.inherited = (3..<1024).filter { fcntl($0, F_GETFD) != -1 }
            let all =
                subject.map { name in AttackList.subjects.filter { $0.name == name }.flatMap(\.attacks) }
                ?? AttackList.all
            let attacks = all.filter { attack in
                if let place { return attack.trace?.place == place }
                if let control { return attack.control == (control == "root" ? .root : .agent) }
                return attack.asking?.rawValue == asking
            }
            let answers = try AttackRunner(ground: ground, place: place, ownMounts: ownMounts).run(attacks)
            try Self.say(answers)
            return
        }
        guard let attack = AttackList.all.first(where: { $0.name == name }) else {
            throw Refusal("there is no attack “\(name.printable)”")
        }
        if ownMounts { try Staging.leaveMountNamespace() }
        try Self.say(place == nil ? attack.attempt(ground) : attack.trace?.look(ground) ?? .unclear("no trace"))
    }

    private static func say(_ value: some Encodable) throws {
        _ = try FileDescriptor.standardOutput.writeAll(JSON.encode(value) + [UInt8(ascii: "\n")])
    }
}
