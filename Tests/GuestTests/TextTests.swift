import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `os-release` {
    @Test func `is read with and without quotes`() {
        let release = OSRelease(
            """
            # ID=commented
            PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
            ID=debian
            VERSION_ID='12'
            EMPTY=
            NOTHING
            EQUALS=a=b

            """
        )

        #expect(release["PRETTY_NAME"] == "Debian GNU/Linux 12 (bookworm)")
        #expect(release["ID"] == "debian")
        #expect(release["VERSION_ID"] == "12")
        #expect(release["EQUALS"] == "a=b")
        #expect(release["# ID"] == nil)
        #expect(release["NOTHING"] == nil)
    }

    @Test(
        arguments: [
            ("ID=debian", ["debian"]),
            ("ID=ubuntu\nID_LIKE=debian", ["ubuntu", "debian"]),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", ["rocky", "rhel", "centos", "fedora"]),
        ] as [(String, Set<String>)]
    )
    func `names the distribution and its relatives`(text: String, families: Set<String>) {
        #expect(OSRelease(text).families == families)
    }

    @Test func `may be empty`() {
        #expect(OSRelease("")["ID"] == nil)
        #expect(!OSRelease("").families.contains("debian"))
    }
}

@Suite struct `/etc/hosts` {
    @Test(
        arguments: [
            ("", "127.0.1.1 app\n"),
            ("127.0.0.1 localhost\n", "127.0.0.1 localhost\n127.0.1.1 app\n"),
            ("127.0.0.1 localhost", "127.0.0.1 localhost\n127.0.1.1 app\n"),
            ("127.0.0.1 app2 my-app\n", "127.0.0.1 app2 my-app\n127.0.1.1 app\n"),
            ("127.0.0.1 localhost # app\n", "127.0.0.1 localhost # app\n127.0.1.1 app\n"),
            // A name in the place of the address is none.
            ("app localhost\n", "app localhost\n127.0.1.1 app\n"),
            ("127.0.1.1 app\n", nil),
            ("127.0.1.1\tother\tapp", nil),
            ("::1 localhost\n127.0.1.1 lima-dvm-app app # ours\n", nil),
        ] as [(String, String?)]
    )
    func `gets a line for the name unless it has one`(hosts: String, completed: String?) {
        #expect(HostName.completed(hosts, with: "app") == completed)
    }
}

@Suite struct `The clock` {
    @Test(
        arguments: [
            (1_750_000_000.0, 1_750_000_000.0, nil),
            (1_750_000_000, 1_750_000_001.9, nil),
            (1_750_000_000, 1_750_000_002, nil),
            (1_750_000_000, 1_749_999_998, nil),
            (1_750_000_000, 1_750_000_002.5, 2.5),
            (1_750_000_000, 1_749_999_997, -3),
            (0, 1_750_000_000, 1_750_000_000),
            // A host that is out of its mind is not followed.
            (1_750_000_000, 0, nil),
            (1_750_000_000, -1, nil),
            (1_750_000_000, 946_684_800, nil),
            (1_750_000_000, 7_258_118_400, nil),
            (1_750_000_000, 1e300, nil),
            (1_750_000_000, .infinity, nil),
            (1_750_000_000, .nan, nil),
        ] as [(Double, Double, Double?)]
    )
    func `follows a host that is more than two seconds away`(guest: Double, host: Double, step: Double?) {
        #expect(Clock.step(guest: guest, host: host) == step)
    }
}

@Suite struct `Units that are active` {
    @Test(
        arguments: [
            ("active\nactive\n", ["a.socket", "b.socket"]), ("active\ninactive\n", ["a.socket"]),
            ("unknown\nactive\n", ["b.socket"]), ("activating\nfailed\n", []), ("active\n", []), ("", []),
            ("Failed to connect to bus\nactive\nactive\n", []),
        ] as [(String, Set<String>)]
    )
    func `are those of which systemd says so`(answer: String, active: Set<String>) {
        #expect(ActiveUnits.parse(answer, of: ["a.socket", "b.socket"]) == active)
    }
}

@Suite struct `The agents' socket` {
    @Test func `belongs to the developer alone`() {
        #expect(
            AgentSocket.socketUnit(owner: "dev") == """
                [Unit]
                Description=Sessions of AI tools in dvm's sandbox

                [Socket]
                ListenStream=/run/dvm/agent.sock
                SocketUser=dev
                SocketMode=0600
                DirectoryMode=0755
                Accept=yes
                MaxConnections=64

                [Install]
                WantedBy=sockets.target

                """
        )
    }

    @Test func `starts sessions of agents, each in a group of its own that ends with it`() {
        #expect(
            AgentSocket.serviceUnit == """
                [Unit]
                Description=A session of an AI tool in dvm's sandbox
                CollectMode=inactive-or-failed

                [Service]
                ExecStart=/usr/local/libexec/dvm/dvm-guest serve --agent-sessions
                StandardInput=socket
                StandardOutput=socket
                StandardError=journal
                KillMode=control-group
                TimeoutStopSec=2

                """
        )
    }
}

@Suite struct `The host's door, as systemd has it` {
    @Test func `belongs to the control account alone`() {
        #expect(
            DoorSocket.socketUnit == """
                [Unit]
                Description=The door through which dvm on the host reaches this VM

                [Socket]
                ListenStream=/run/dvm/door.sock
                SocketUser=dvm
                SocketMode=0600
                DirectoryMode=0755

                [Install]
                WantedBy=sockets.target

                """
        )
    }

    @Test func `neither limits nor ends what came through it`() {
        #expect(
            DoorSocket.serviceUnit == """
                [Unit]
                Description=The door through which dvm on the host reaches this VM

                [Service]
                ExecStart=/usr/local/libexec/dvm/dvm-guest door
                StandardInput=socket
                StandardOutput=null
                StandardError=journal
                KillMode=process
                TasksMax=infinity

                """
        )
    }
}
