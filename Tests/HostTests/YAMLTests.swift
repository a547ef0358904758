import DVMProtocol
import Testing

@testable import dvm_host

@Suite struct `Writing YAML` {
    @Test func `lays out maps and lists in blocks`() {
        let yaml = YAML.map([
            .init("plain", .bool(true)), .init("cpus", .integer(4)), .init("mounts", .list([])), .init("env", .map([])),
            .init("ssh", .map([.init("forwardAgent", .bool(false))])),
            .init(
                "portForwards",
                .list([
                    .map([.init("guestPort", .integer(80)), .init("static", .bool(true))]),
                    .map([.init("hosts", .list([.string("a"), .string("b")]))]),
                ])
            ),
            .init("no", .string("x")),
        ])

        #expect(
            yaml.document == """
                plain: true
                cpus: 4
                mounts: []
                env: {}
                ssh:
                  forwardAgent: false
                portForwards:
                  - guestPort: 80
                    static: true
                  - hosts:
                      - "a"
                      - "b"
                "no": "x"

                """
        )
        #expect(YAML.list([.map([.init("a", .string("b"))]), .bool(true)]).inline == #"[{"a": "b"}, true]"#)
    }

    @Test(arguments: [
        "", "plain", "yes", "null", "~", "1e3", "0x10", "- a", "a: b", "#x", "a\nb: c", "\"", "\\", "\\n", "'", "{}",
        "[",
        "*a", "&a", "!!python/object", "%", "@", "`", "\u{0}", "\u{1B}[2J", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}",
        "\u{202E}", "\u{FEFF}", "\u{FFFE}", "é", "日本", "😀", "\r\n", "\t", " ", "$(id)", "{{.Home}}", "---", "...",
    ])
    func `never lets a text become anything else`(text: String) throws {
        let written = YAML.string(text).inline

        // One line of visible characters, which a reader of JSON and so a reader of YAML takes back to the same text.
        #expect(written.unicodeScalars.allSatisfy { $0.value >= 0x20 && !$0.properties.isDefaultIgnorableCodePoint })
        #expect(try JSON.decode([String].self, from: Array("[\(written)]".utf8)) == [text])
    }

    @Test func `keeps every plane of Unicode`() throws {
        for start in stride(from: UInt32(0), to: 0x11_0000, by: 0x100) {
            let scalars = (start..<start + 0x100).compactMap(Unicode.Scalar.init)
            let text = String(String.UnicodeScalarView(scalars))
            #expect(try JSON.decode([String].self, from: Array("[\(YAML.string(text).inline)]".utf8)) == [text])
        }
    }
}

@Suite struct `The template of a VM` {
    @Test func `asks for nothing but what a VM of dvm needs`() throws {
        let settings = Settings(for: try MachineName("app"))

        #expect(
            LimaTemplate(settings: settings).yaml.document == """
                minimumLimaVersion: "2.1.3"
                base:
                  - "template:_images/fedora"
                plain: true
                mounts: []
                containerd:
                  system: false
                  user: false
                ssh:
                  forwardAgent: false
                  loadDotSSHPubKeys: false
                propagateProxyEnv: false
                user:
                  name: "dvm"
                  home: "/home/dvm"
                  shell: "/bin/bash"
                cpus: 2
                memory: "4GiB"
                disk: "60GiB"
                networks: []
                portForwards: []

                """
        )
    }

    @Test func `connects it to other VMs when it is asked to`() throws {
        var settings = Settings(for: try MachineName("app"))
        settings.network = .shared
        #expect(
            LimaTemplate(settings: settings).yaml.document.contains(
                "\nnetworks:\n  - lima: \"user-v2\"\nportForwards: []\n"
            )
        )
    }

    @Test func `leaves some of this computer's CPUs to it`() throws {
        var host = HostFacts()
        host.processors = 12
        let settings = Settings(for: try MachineName("app"), on: host)
        #expect(LimaTemplate(settings: settings).yaml.document.contains("\ncpus: 10\n"))
    }

    @Test func `says what was set`() throws {
        var settings = Settings(for: try MachineName("app"))
        settings.cpus = 3
        settings.memory = MemorySize(mebibytes: 1536)
        settings.ports = [
            PortForward(address: "::1", host: 8080, guest: 80), PortForward(host: 3000, guest: 3000),
        ]
        settings.template = try Template("/x/\"y\".yaml")
        settings.vmType = .qemu
        settings.architecture = .aarch64

        let lines = LimaTemplate(settings: settings).yaml.document.split(separator: "\n").map(String.init)
        #expect(lines[2] == #"  - "/x/\"y\".yaml""#)
        #expect(
            Array(lines.drop { !$0.hasPrefix("vmType") }) == [
                #"vmType: "qemu""#, #"arch: "aarch64""#, "cpus: 3", #"memory: "1536MiB""#, #"disk: "60GiB""#,
                "networks: []", "portForwards:", "  - guestPort: 3000", #"    hostIP: "127.0.0.1""#,
                "    hostPort: 3000",
                "    static: true", "  - guestPort: 80", #"    hostIP: "::1""#, "    hostPort: 8080",
                "    static: true",
            ]
        )
    }
}
