import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

private let digest = String(repeating: "0f", count: 32)

private func unit(_ name: String = "some", as identity: ProvisionUnit.Identity = .root) -> ProvisionUnit {
    ProvisionUnit(
        name: name,
        identity: identity,
        prelude: "",
        script: "",
        variables: ["DVM_X": "1", "http_proxy": "mine"],
        digest: digest,
        timeLimit: 60
    )
}

@Suite struct `The program of a unit` {
    private let settings = Settings(
        user: "dev",
        codeDirectory: "/srv/app",
        name: "app",
        proxy: Proxy(http: "http://proxy:3128", https: nil),
        authorities: "/etc/ssl/all.pem"
    )
    private let developer = Accounts.Account(name: "dev", uid: 1000, gid: 1001, home: "/home/dev", shell: "/bin/zsh")

    private func spawn(_ identity: ProvisionUnit.Identity, secrets: FilePath? = nil) -> Spawn {
        Spawn(unit("zsh", as: identity), settings: settings, developer: developer, groups: [2000], secrets: secrets)
    }

    @Test func `is Bash and nothing of the person's or the machine's start-up files`() {
        let words = ["/bin/bash", "--noprofile", "--norc", "-Eeuo", "pipefail", "/run/dvm/units/zsh/zsh.sh"]
        #expect(spawn(.root).words == words)
        #expect(spawn(.user).words == words)
        #expect(UnitPlace.script(of: "setup.sh") == "/run/dvm/units/setup.sh/setup.sh")
    }

    @Test func `has the variables of its identity, which none of its own takes the place of`() {
        let common = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive", "DVM_NAME": "app", "DVM_USER": "dev", "DVM_HOME": "/home/dev",
            "DVM_CODE_DIR": "/srv/app", "DVM_X": "1", "http_proxy": "http://proxy:3128",
            "HTTP_PROXY": "http://proxy:3128", "BASH_ENV": "/run/dvm/units/zsh/start",
            "SSL_CERT_FILE": "/etc/ssl/all.pem", "REQUESTS_CA_BUNDLE": "/etc/ssl/all.pem",
            "NODE_EXTRA_CA_CERTS": "/etc/ssl/all.pem",
        ]
        let root = ["HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash"]
        let user = ["HOME": "/home/dev", "USER": "dev", "LOGNAME": "dev", "SHELL": "/bin/zsh"]
        #expect(spawn(.root).environment == common.merging(root) { $1 })
        #expect(spawn(.user).environment == common.merging(user) { $1 })
        #expect(spawn(.root, secrets: "/run/x").environment["DVM_SECRETS_DIR"] == "/run/x")
    }

    @Test func `is root, or the account with the groups of a login, and ends with who watches over it`() {
        #expect(spawn(.root).confinement == .root(.init(directory: "/root")))
        #expect(
            spawn(.user).confinement
                == .developer(
                    .init(
                        uid: 1000,
                        gid: 1001,
                        groups: [2000],
                        directory: "/home/dev",
                        home: "/home/dev",
                        isBound: true
                    )
                )
        )
    }
}

@Suite struct `The records of units` {
    private let scratch: ScratchDirectory
    private let records: UnitRecords

    init() {
        scratch = ScratchDirectory()
        records = UnitRecords(directory: FilePath(scratch.path + "/units"))
    }

    private func names() -> [String] { Listing.names(in: records.directory) }

    @Test func `are of units that succeeded, whatever they are called`() throws {
        for name in ["a", "a.json", "a.begun"] {
            try records.begin(unit(name))
            try records.finish(unit(name), at: 7)
        }
        #expect(
            Set(records.all())
                == Set(
                    ["a", "a.json", "a.begun"].map { UnitRecord(name: $0, digest: digest, finished: 7, secrets: []) }
                )
        )
        #expect(records.unfinished() == [])
    }

    @Test func `have the names of secrets, and nothing else of them`() throws {
        var unit = unit("tunnel")
        (unit.secrets, unit.earlierSecrets) = (["TOKEN": "canary"], ["KEY", "TOKEN"])
        try records.begin(unit)
        try records.finish(unit, at: 7)
        #expect(
            records.all() == [UnitRecord(name: "tunnel", digest: digest, finished: 7, secrets: ["KEY", "TOKEN"])]
        )
        #expect(try !TextFile.read(records.directory.appending("tunnel.json")).contains("canary"))
    }

    @Test func `forget a unit when it begins again`() throws {
        try records.begin(unit())
        #expect(records.unfinished() == ["some"])
        try records.finish(unit(), at: 7)
        try records.begin(unit())
        #expect(records.all() == [])
        #expect(records.unfinished() == ["some"])
        #expect(names() == ["some.begun"])
    }

    @Test(arguments: ["", "{", "[]", #"{"name":"other","digest":"x","finished":1}"#])
    func `count for nothing when they are damaged or another's`(text: String) throws {
        try records.begin(unit())
        try TextFile.write(text, to: records.directory.appending("some.json"), mode: .ownerReadWrite)
        #expect(records.all() == [])
    }

    @Test func `are at most what one frame carries`() throws {
        try records.begin(unit())
        for number in 0..<1800 {
            let name = "unit-\(number)-" + String(repeating: "x", count: 54)
            let text = String(
                decoding: try JSON.encode(UnitRecord(name: name, digest: digest, finished: 1)),
                as: UTF8.self
            )
            try text.write(
                toFile: records.directory.appending("\(name).json").string,
                atomically: false,
                encoding: .utf8
            )
        }
        let kept = records.all()
        #expect(kept.count > 1000 && kept.count < 1800)
        _ = try Frame(.result, channel: 1, json: kept)
    }

    @Test func `are not made where others than root could change them`() throws {
        let open = FilePath(scratch.path + "/open")
        try FileManager.default.createDirectory(atPath: open.string, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open.string)
        #expect(throws: Refusal.self) { try UnitRecords(directory: open.appending("units")).begin(unit()) }
    }
}

@Suite struct `Time as people say it` {
    @Test(
        arguments: [
            (-1, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (150, "2 min 30 s"), (7199, "119 min 59 s"),
            (7200, "2 h"), (7260, "2 h 1 min"), (86400, "24 h"),
        ] as [(Int, String)]
    )
    func `is short`(seconds: Int, text: String) { #expect(UpTime.text(seconds: seconds) == text) }
}
