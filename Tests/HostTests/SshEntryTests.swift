import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// What Lima 2.1 writes.
private func limaFile(
    _ instance: String = "dvm-app",
    address: String = "127.0.0.1",
    port: String = "60022",
    identity: String = "\"/home/someone/.lima/_config/user\"",
    more: String = ""
) -> String {
    """
    # This SSH config file can be passed to 'ssh -F'.
    # Modifications to this file will be lost on restarting the Lima instance.
    Host lima-\(instance)
      IdentityFile \(identity)
      StrictHostKeyChecking no
      UserKnownHostsFile /dev/null
      NoHostAuthenticationForLocalhost yes
      Ciphers "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
      User dvm
      ControlMaster auto
      ControlPath "/home/someone/.lima/dvm-app/ssh.sock"
      ControlPersist yes
      Hostname \(address)
      Port \(port)
    \(more)

    """
}

private let blob = "AAAAC3NzaC1lZDI1NTE5AAAAIFk2xmbyTqzgRWd5uCdYZ7Nvkdv+h8qKv/5Bq0Xc1mRk"

@Suite struct `Lima's file for ssh` {
    @Test(arguments: [
        ("127.0.0.1", "60022", "\"/a b/user\"", "/a b/user"), ("::1", "1", "/k", "/k"),
        ("192.168.5.15", "65535", "\"/100%%/user\"", "/100%/user"), ("127.0.0.1", "22", "\"/it's\"", "/it's"),
    ])
    func `says where a VM is reached`(address: String, port: String, identity: String, path: String) throws {
        let login = try LimaLogin(
            limaFile(address: address, port: port, identity: identity),
            instance: "dvm-app"
        )
        var expected = login
        expected.address = address
        expected.port = try #require(UInt16(port))
        expected.identity = FilePath(path)
        #expect(login == expected)
    }

    @Test func `names Lima's own key first`() throws {
        let text = limaFile(more: "  IdentityFile \"/home/someone/.ssh/id_rsa\"")
        #expect(try LimaLogin(text, instance: "dvm-app").identity == "/home/someone/.lima/_config/user")
    }

    static let odd: [(String, String)] = [
        ("", "lima-dvm-app alone"),
        (limaFile("dvm-web"), "lima-dvm-app alone"),
        (limaFile(more: "Host *\n"), "lima-dvm-app alone"),
        (limaFile(more: "Match exec \"touch /tmp/x\"\n"), "lima-dvm-app alone"),
        (limaFile(more: "Include /tmp/other\n"), "lima-dvm-app alone"),
        (limaFile(address: "evil.example.org"), "not an address"),
        (limaFile(address: "127.1"), "not an address"),
        (limaFile(address: "127.0.0.1\n  ProxyCommand x"), ""),
        (limaFile(port: "0"), "Port"), (limaFile(port: "65536"), "Port"), (limaFile(port: "-1"), "Port"),
        (limaFile(port: "22 "), "Port"), (limaFile(port: "+22"), "Port"), (limaFile(port: "٢٢"), "Port"),
        (limaFile(more: "  Port 23"), "Port 2 times"),
        (limaFile(more: "  HOSTNAME 127.0.0.2"), "Hostname 2 times"),
        (limaFile(identity: "relative"), "IdentityFile"), (limaFile(identity: "\"/a\\b\""), "IdentityFile"),
        (limaFile(identity: "\"~/.lima/user\""), "IdentityFile"), (limaFile(identity: "\"/a\"b\""), "IdentityFile"),
        (limaFile(identity: "\"/%d/user\""), "IdentityFile"), (limaFile(identity: "\"/${HOME}\""), "IdentityFile"),
        (limaFile(identity: "/a /b"), "IdentityFile"), (limaFile(more: "  Port=23"), "Port=23"),
    ]

    @Test(arguments: odd)
    func `is refused when Lima would not have written it`(text: String, why: String) throws {
        guard !why.isEmpty else {
            // More than is needed does no harm: nothing of it is taken over.
            #expect(try LimaLogin(text, instance: "dvm-app").address == "127.0.0.1")
            return
        }
        let refusal = #expect(throws: Refusal.self) { try LimaLogin(text, instance: "dvm-app") }
        #expect(refusal?.message.contains(why) == true, "\(refusal?.message ?? "")")
    }

    @Test(arguments: ["/a", "/a b", "/100%/%h", "/it's", "/ü", "/a#b"])
    func `paths are written so that ssh reads the same`(path: String) throws {
        #expect(SshWord.path(try SshWord.quoted(FilePath(path))) == FilePath(path))
    }

    @Test(arguments: ["relative", "/a\"b", "/a\\b", "/a\nHost *", "/${HOME}", "/a\u{7F}"])
    func `paths that ssh cannot read are refused`(path: String) {
        #expect(throws: Refusal.self) { try SshWord.quoted(FilePath(path)) }
    }
}

@Suite struct `The entry of a VM for ssh` {
    let fixture: HostFixture
    let session: Session
    let store: SshEntryStore
    let app: MachineName
    let login: RemoteLogin

    init() throws {
        fixture = try HostFixture()
        session = try Session(HostEnvironment(fixture.environment))
        store = SshEntryStore(paths: session.paths)
        app = try MachineName("app")
        login = RemoteLogin(
            user: "ada",
            codeDirectory: "/home/ada/code/app",
            hostKeys: PublicKey.all(in: "ssh-ed25519 \(blob)\nssh-rsa \(blob)\n")
        )
    }

    private var state: String { "home/.local/state/dvm/app" }
    private var keysFile: String { "\(fixture.root)/\(state)/known_hosts" }

    /// What ssh itself makes of a configuration.
    private func ssh(_ file: String, _ host: String = "dvm-app") async throws -> [String: String] {
        let outcome = try await BoundedRun(
            executable: "/usr/bin/ssh",
            arguments: ["-G", "-F", "\(fixture.root)/\(file)", host],
            environment: ["HOME": "\(fixture.root)/home"],
            time: .seconds(30)
        )()
        try #require(outcome.succeeded, "\(outcome.errorText)")
        let pairs = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            return (words[0], words.count > 1 ? words[1] : "")
        }
        return Dictionary(pairs) { "\($0) \($1)" }
    }

    @Test func `is what ssh goes by, whatever a person's file says for every host`() async throws {
        try fixture.write("lima/dvm-app/ssh.config", limaFile(identity: "\"/lima keys/100%%/user\""))
        try store.learn(login, of: app)
        let config = try PersonalSshConfig(session.paths)
        let own = """
            Host *
              ForwardAgent yes
              ForwardX11 yes
              ControlMaster auto
              ControlPath /tmp/%r@%h
              StrictHostKeyChecking no
              NoHostAuthenticationForLocalhost yes
              ProxyJump bastion
              User root
              Port 22
              PermitLocalCommand yes
              UpdateHostKeys yes
              UserKnownHostsFile /tmp/known
              AddKeysToAgent yes

            """
        try fixture.write("home/.ssh/config", own)
        let expected = [
            "hostname": "127.0.0.1", "port": "60022", "user": "ada", "identitiesonly": "yes",
            "identityagent": "none", "identityfile": "/lima keys/100%%/user", "forwardagent": "no",
            "forwardx11": "no", "controlmaster": "false", "hostkeyalias": "dvm-app",
            "userknownhostsfile": keysFile, "globalknownhostsfile": "/dev/null", "stricthostkeychecking": "true",
            "nohostauthenticationforlocalhost": "no", "permitlocalcommand": "no", "updatehostkeys": "false",
            "addkeystoagent": "false", "preferredauthentications": "publickey", "tunnel": "false",
        ]
        func values() async throws -> [String: String] { try await ssh("home/.ssh/config") }

        let before = try await values()
        #expect(before["user"] == "root" && before["forwardagent"] == "yes" && before["controlpath"] != nil)
        #expect(before["proxyjump"] == "bastion")

        #expect(try config.install())
        let found = try await values()
        #expect(found.filter { expected.keys.contains($0.key) } == expected)
        #expect(found["controlpath"] == nil && found["proxyjump"] == nil && found["proxycommand"] == nil)
        // What stands below goes on holding for other hosts.
        #expect(try await ssh("home/.ssh/config", "elsewhere")["proxyjump"] == "bastion")
    }

    @Test func `is known by the keys the VM said, under a name of its own`() throws {
        try fixture.write("lima/dvm-app/ssh.config", limaFile())
        try store.learn(login, of: app)

        #expect(fixture.read("\(state)/known_hosts") == "dvm-app ssh-ed25519 \(blob)\ndvm-app ssh-rsa \(blob)\n")
        for name in ["known_hosts", "ssh_config", "ssh.json"] {
            #expect(try fixture.mode("\(state)/\(name)") == 0o600)
        }
    }

    @Test func `follows the port, goes with the VM, and is not there before`() throws {
        #expect(try store.refresh(app) == nil)
        try store.learn(login, of: app)
        #expect(try store.refresh(app) == nil)
        try fixture.write("lima/dvm-app/ssh.config", limaFile(port: "1111"))
        #expect(try store.refresh(app)?.contains("\n  Port 1111\n") == true)
        try fixture.write("lima/dvm-app/ssh.config", limaFile(port: "2222"))
        session.refreshSshEntry(of: app)
        #expect(fixture.read("\(state)/ssh_config")?.contains("\n  Port 2222\n") == true)

        try fixture.write("lima/dvm-app/ssh.config", limaFile(address: "evil.example.org"))
        let refusal = #expect(throws: Refusal.self) { try store.refresh(app) }
        #expect(refusal?.message.hasPrefix("\(fixture.root)/lima/dvm-app/ssh.config is not as Lima writes it") == true)

        #expect(session.state(of: app).forget() == [])
        for name in ["known_hosts", "ssh_config", "ssh.json"] { #expect(!fixture.exists("\(state)/\(name)")) }
    }

    @Test func `is not made from what a VM should not say`() throws {
        try fixture.write("lima/dvm-app/ssh.config", limaFile())
        var hostile = login
        hostile.user = "dvm"
        #expect(throws: Refusal.self) { try store.learn(hostile, of: app) }
        #expect(!fixture.exists("\(state)/ssh_config"))

        // Nor from a file of dvm's own that somebody changed.
        try fixture.write("\(state)/ssh.json", #"{"user":"a\nProxyCommand x","codeDirectory":"/a/b","hostKeys":[]}"#)
        #expect(try store.refresh(app) == nil)
    }

    @Test func `a stopped VM's comes from the last contact, and one never asked is a comment`() async throws {
        try fixture.installLimactl()
        try fixture.write("config/vms/app.sh", "")
        try fixture.write("config/vms/web.sh", "")
        try fixture.write("lima/dvm-app/ssh.config", limaFile())
        try store.learn(login, of: app)

        let entries = try await session.sshEntries([])
        #expect(entries.count == 2)
        #expect(entries[0].contains("Host dvm-app\n  HostName 127.0.0.1\n  Port 60022\n  User ada\n"))
        #expect(entries[1] == "# web: not known yet; `dvm ssh-config web` starts it and asks it")
        #expect(try await session.sshEntries([app]) == [entries[0]])
        await #expect(throws: session.configuration.unknown(try MachineName("wob"))) {
            try await session.sshEntries([try MachineName("wob")])
        }
        #expect(fixture.changes == [])
    }
}

@Suite struct `The line in a person's configuration of ssh` {
    let fixture: HostFixture
    let config: PersonalSshConfig
    let line: String

    init() throws {
        fixture = try HostFixture()
        config = try PersonalSshConfig(Session(HostEnvironment(fixture.environment)).paths)
        line = "Include \"\(fixture.root)/home/.local/state/dvm/*/ssh_config\""
    }

    static let files: [[UInt8]] = [
        [], Array("\n".utf8), Array("Host *\n  User me".utf8), Array("Host *\r\n  User me\r\n\r\n".utf8),
        [0xFF, 0xFE, 0x0A, 0x00, 0x0A], Array("# a\n\n\nInclude other\nInclude \"/a/dvm/x/ssh_config\"\n".utf8),
    ]

    @Test(arguments: files)
    func `comes and goes, and the rest stays byte for byte`(file: [UInt8]) throws {
        let include = try SshInclude("/s/dvm/*/ssh_config")
        let added = include.added(to: file)

        #expect(added == Array("Include \"/s/dvm/*/ssh_config\"\n".utf8) + file)
        #expect(include.isIn(added) && !include.isIn(file))
        #expect(include.added(to: added) == added)
        #expect(include.removed(from: added) == file)
        // As an earlier dvm with another directory wrote it.
        #expect(include.added(to: try SshInclude("/t/dvm/*/ssh_config").added(to: file)) == added)
    }

    @Test func `is known again in a directory of another name`() throws {
        let include = try SshInclude("/my state/*/ssh_config")
        let file = Array("Host *\n".utf8)

        #expect(include.line == "Include \"/my state/*/ssh_config\"")
        #expect(include.added(to: include.added(to: file)) == include.added(to: file))
        #expect(include.removed(from: include.added(to: file)) == file)
    }

    @Test func `counts only above the first block`() throws {
        let include = try SshInclude("/s/dvm/*/ssh_config")

        #expect(include.isIn(Array("# mine\n\n  Include \"/s/dvm/*/ssh_config\"  \r\nHost a\n".utf8)))
        for block in ["Host web", "match all", "  HOST a"] {
            let below = Array("\(block)\n  User me\n\(include.line)\n".utf8)
            #expect(!include.isIn(below))
            #expect(include.added(to: below) == Array("\(include.line)\n\(block)\n  User me\n".utf8))
        }
    }

    @Test(arguments: ["/a*/dvm", "/a?/dvm", "/[a]/dvm", "/50%/dvm", "/a\"/dvm", "/a\n/dvm", "/$x/dvm"])
    func `is not made of a directory whose name means something to ssh`(directory: String) {
        #expect(throws: Refusal.self) { try SshInclude("\(directory)/*/ssh_config") }
    }

    @Test func `makes the file where there is none, and takes it away again`() throws {
        #expect(try config.install())
        #expect(fixture.read("home/.ssh/config") == "\(line)\n")
        #expect(try fixture.mode("home/.ssh/config") == 0o600)
        #expect(try fixture.mode("home/.ssh") == 0o700)
        #expect(config.hasLine)
        #expect(try !config.install())

        #expect(try config.remove())
        #expect(try !config.remove())
        #expect(!fixture.exists("home/.ssh/config") && !config.hasLine)
    }

    @Test func `keeps the file's mode`() throws {
        try fixture.write("home/.ssh/config", "Host *\n", mode: 0o644)
        #expect(try config.install())
        #expect(fixture.read("home/.ssh/config") == "\(line)\nHost *\n")
        #expect(try config.remove())
        #expect(fixture.read("home/.ssh/config") == "Host *\n")
        #expect(try fixture.mode("home/.ssh/config") == 0o644)
    }

    @Test func `is the person's to add where the file is a link, or not theirs alone`() throws {
        try fixture.write("home/dotfiles/config", "Host *\n")
        try fixture.makeDirectory("home/.ssh")
        try fixture.link("home/.ssh/config", to: "../dotfiles/config")
        let refusal = #expect(throws: Refusal.self) { try config.install() }
        #expect(refusal?.hint?.hasSuffix(line) == true)
        #expect(fixture.read("home/dotfiles/config") == "Host *\n")

        // When they have, it counts.
        #expect(!config.hasLine)
        try fixture.write("home/dotfiles/config", "\(line)\nHost *\n")
        #expect(config.hasLine)

        try fixture.remove("home/.ssh/config")
        try fixture.write("home/.ssh/config", "Host *\n", mode: 0o666)
        #expect(throws: Refusal.self) { try config.install() }
        #expect(throws: Refusal.self) { try config.remove() }
        #expect(fixture.read("home/.ssh/config") == "Host *\n")
    }

    @Test func `a full or closed directory leaves the file as it was`() throws {
        try fixture.write("home/.ssh/config", "Host *\n")
        // Nobody may make a file that is a directory already: the same as a directory that takes no file.
        try fixture.makeDirectory("home/.ssh/config.dvm-\(getpid())/x")
        #expect(throws: Refusal.self) { try config.install() }
        #expect(fixture.read("home/.ssh/config") == "Host *\n")
    }
}
