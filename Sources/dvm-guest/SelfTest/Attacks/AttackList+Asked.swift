internal import Glibc

/// Sessions asked for with more in mind: dvm's own program and wrappers, the directory a tool is started in, and variables.
extension AttackList {
    static let asked = AttackSubject(
        name: "how a session is asked for",
        attacks: [
            asking("dvm's own program", ["/proc/self/exe", "ask", "shell", "--env", "PATH", "--", "-c", "true"]),
            asking("a wrapper", ["shell", "-c", "true"]),
            Attack("start outside the project", gain: "the VM's files", asking: .outside) { read(from: $0.directory) },
            Attack("start above the project", gain: "the VM's files", asking: .above) { read(from: above($0)) },
            Attack("start in a link that leads out of the project", gain: "the VM's files", asking: .link) {
                read(from: "\($0.project)/\(wayOut)")
            },
            obeyed(
                "a library for what starts the session",
                gain: "code of its own in Bubblewrap, before it is confined",
                sign: "loader",
                ["/bin/true"]
            ),
            obeyed(
                "a start file for what starts the session",
                gain: "commands of its own, run before it is confined",
                sign: "caught",
                ["/bin/bash", "-c", "true"]
            ),
        ]
    )

    /// A link in the project to the directory of the self-test.
    static let wayOut = "way-out"

    /// Where the project is, and up from there as far as it goes.
    static func above(_ ground: AttackGround) -> String {
        ground.project + String(repeating: "/..", count: 16) + ground.directory
    }

    /// What a dynamic loader, shells and whoever looks for a program obey: each leaves a file in `/tmp`.
    ///
    /// The session has a `/tmp` of its own, so that what is started in it leaves nothing outside.
    static func variables(_ ground: AttackGround) -> [String: String] {
        [
            "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": "/tmp/\(ground.sign).loader", "BASH_ENV": ground.catcher,
            "ENV": ground.catcher, "PATH": "\(ground.directory)/bin",
        ]
    }

    /// A script that leaves a sign.
    static func trap(_ sign: String) -> String { "#!/bin/sh\n: >/tmp/\(sign).caught\n" }

    private static func asking(_ name: String, _ words: [String]) -> Attack {
        Attack(
            "ask for another session by \(name)",
            gain: "sessions of other tools, with variables it chooses",
            held: ["status 1": .view, "status 126": .view, "status 127": .view],
            control: .leftOut("where it works, it starts a session")
        ) { _ in .program(words) }
    }

    /// The working directory is the attack: whoever is outside has to go there first.
    private static func read(from directory: String) -> AttackAnswer {
        unsafe chdir(directory)
        return .reads("canary")
    }

    /// Without the sandbox it is seen at once, otherwise when the session has ended.
    private static func obeyed(_ name: String, gain: String, sign: String, _ words: [String]) -> Attack {
        let look: @Sendable (AttackGround) -> AttackAnswer = { ground in
            Listing.names(in: "/tmp").contains { $0.hasPrefix("\(ground.sign).\(sign)") }
                ? .worked("it was obeyed") : .refused("not there")
        }
        return Attack(
            name,
            gain: gain,
            asking: .outside,
            trace: Attack.Trace(place: .outside, layer: .launcher, look: look)
        ) { ground in
            let isOutside = AttackAnswer.exists(ground.canary).worked
            return .program(words, adding: variables(ground)).then { isOutside ? look(ground) : .worked("asked") }
        }
    }
}
