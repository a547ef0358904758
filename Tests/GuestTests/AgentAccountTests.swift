import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `An agent's account that was tampered with` {
    private static let developer = "dev:x:1000:1000::/home/dev:/bin/sh\n"

    private func refusal(_ passwd: String, _ group: String = "") throws -> Refusal? {
        let accounts = Accounts(
            passwd: Self.developer + passwd,
            group: "root:x:0:\ndev:x:1000:\ndvm-agent:x:999:\nsudo:x:27:\n" + group
        )
        let agent = try #require(accounts["dvm-agent"])
        let developer = try #require(accounts["dev"])
        do throws(Refusal) {
            try AgentAccount.check(agent, developer: developer, in: accounts)
            return nil
        } catch {
            return error
        }
    }

    private static let agent = "dvm-agent:x:999:999::/var/lib/dvm-agent:/usr/sbin/nologin\n"

    @Test func `is accepted as long as it was not`() throws { #expect(try refusal(Self.agent) == nil) }

    @Test(
        arguments: [
            ("dvm-agent:x:0:999::/:/bin/false\n", "", "is root's"),
            ("dvm-agent:x:999:0::/:/bin/false\n", "", "is root's"),
            ("dvm-agent:x:1000:999::/:/bin/false\n", "", "uid or group of dev"),
            ("dvm-agent:x:999:1000::/:/bin/false\n", "", "uid or group of dev"),
            (agent + "other:x:999:5::/:/bin/sh\n", "", "shares its uid with other"),
            ("dvm-agent:x:999:27::/:/bin/false\n", "", "is in sudo"),
            (agent, "docker:x:5:dvm-agent\n", "is in docker"), (agent, "adm:x:5:x,dvm-agent\n", "is in adm"),
            (agent, "disk:x:5:dvm-agent\n", "is in disk"), (agent, "systemd-journal:x:5:dvm-agent\n", "is in systemd"),
        ]
    )
    func `starts no agent`(passwd: String, group: String, why: String) throws {
        let refusal = try #require(try refusal(passwd, group))
        #expect(refusal.message.contains(why), "\(refusal.message)")
        #expect(refusal.hint != nil)
    }

    @Test func `is refused where a session is planned`() throws {
        let accounts = Accounts(passwd: Self.developer + Self.agent, group: "docker:x:5:dvm-agent\n")
        let program = Program(.tool(name: "shell", arguments: []))
        #expect(throws: Refusal.self) {
            try ProgramPlan(
                program,
                settings: Settings(user: "dev", codeDirectory: "/srv/app"),
                accounts: accounts
            )
        }
    }

    // MARK: Doors

    private static func doors(_ files: [String: String]) -> AgentDoors {
        var usual = [
            "/etc/cron.deny": "dvm-agent\n", "/etc/at.deny": "root\ndvm-agent\n", "/etc/ssh/sshd_config.d": "",
            "\(AgentAccount.sshRule)": AgentAccount.sshRuleText, "/etc/subuid": "dev:100000:65536\n",
            "/etc/sudoers": "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL) ALL\n#1000 ALL=ALL\n# dvm-agent is no one\n",
            "/etc/cron.allow": "root\n",
        ]
        usual.merge(files) { $1 }
        let account = Accounts.Account(
            name: "dvm-agent",
            uid: 999,
            gid: 998,
            home: "/var/lib/dvm-agent",
            shell: "/usr/sbin/nologin"
        )
        let texts = usual
        return AgentDoors(
            agent: account,
            read: { path throws(Refusal) in texts["\(path)"] ?? "" },
            exists: { path throws(Refusal) in texts["\(path)"] != nil },
            sudoersFiles: { () throws(Refusal) in
                texts.keys.filter { $0.hasPrefix("/etc/sudoers") }.sorted().map { FilePath($0) }
            }
        )
    }

    @Test func `has no doors as dvm makes it`() throws { #expect(try Self.doors([:]).findings() == []) }

    @Test(
        arguments: [
            ("/etc/sudoers.d/x", "dvm-agent ALL=(ALL) NOPASSWD: ALL\n", "is named in /etc/sudoers.d/x"),
            ("/etc/sudoers.d/x", "ALL ALL=(ALL) NOPASSWD: ALL\n", "is named in"),
            ("/etc/sudoers.d/x", "User_Alias A = dev, \\\n  dvm-agent\n", "is named in"),
            ("/etc/sudoers.d/x", "#999 ALL=ALL\n", "is named in"),
            ("/etc/sudoers.d/x", "%dvm-agent ALL=ALL\n", "is named in"),
            ("/etc/subuid", "dvm-agent:100000:65536\n", "subordinate ids in /etc/subuid"),
            ("/etc/subgid", "999:100000:65536\n", "subordinate ids in /etc/subgid"),
            ("/var/lib/dvm-agent/.ssh/authorized_keys", "ssh-ed25519 A\n", "can log in with keys"),
            ("\(AgentAccount.sshRule)", "", "is not refused by sshd"),
            ("/etc/cron.allow", "dvm-agent\n", "is let in by /etc/cron.allow"),
            ("/etc/at.deny", "dvm-agent2\n", "is not kept out by /etc/at.deny"),
            ("/var/spool/cron/crontabs/dvm-agent", "", "has programs started for it"),
            ("/var/lib/systemd/linger/dvm-agent", "", "has programs started for it"),
        ]
    )
    func `has every door found`(path: String, text: String, finding: String) throws {
        let findings = try Self.doors([path: text]).findings()
        #expect(findings.count == 1)
        #expect(findings.first?.contains(finding) == true, "\(findings)")
    }

    @Test(arguments: [
        "", "# dvm-agent\n", "dvm-agents ALL=ALL\n", "dev ALL=(ALL) ALL # dvm-agent\n", "#includedir /etc/sudoers.d\n",
        "Defaults env_reset\n%sudo ALL=(ALL:ALL) ALL\n", "#9990 ALL=ALL\n",
    ])
    func `is not seen in rules for others`(text: String) throws {
        #expect(try Self.doors(["/etc/sudoers.d/x": text]).findings() == [])
    }
}
