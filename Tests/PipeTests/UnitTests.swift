import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

extension `Setting a VM up, over pipes` {
    /// Units as a host meets them.
    @Suite struct `Units, over pipes` {
        private let stage: SetUpStage
        private var vm: PretendVM { stage.vm }
        private var client: GuestClient { stage.client }

        init() throws { stage = try SetUpStage() }

        private static let digest = SetUpStage.digest
        private static let again = "the next `dvm sync` runs it again, and what comes after it"

        private func unit(
            _ script: String,
            as identity: ProvisionUnit.Identity = .root,
            name: String = "some",
            prelude: String = "",
            variables: [String: String] = [:],
            secrets: [String: String] = [:],
            timeLimit: Int = 120
        ) -> ProvisionUnit {
            ProvisionUnit(
                name: name,
                identity: identity,
                prelude: prelude,
                script: script,
                variables: variables,
                secrets: secrets,
                digest: Self.digest,
                timeLimit: timeLimit
            )
        }

        private func run(_ unit: ProvisionUnit, over other: GuestClient? = nil) throws -> GuestClient.Outcome {
            try stage.run(.unit(unit), over: other)
        }

        private func success(_ outcome: GuestClient.Outcome) throws -> UnitOutcome {
            try stage.result(of: outcome, as: UnitOutcome.self)
        }

        private func refusal(_ outcome: GuestClient.Outcome) throws -> Refusal { try stage.refusal(of: outcome) }

        private func records(over other: GuestClient? = nil) throws -> [String: String] {
            let records = try stage.result(of: stage.run(.unitRecords, over: other), as: [UnitRecord].self)
            return Dictionary(records.map { ($0.name, $0.digest) }) { $1 }
        }

        private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: vm.outside(path)) }

        /// The scripts and secrets of units that are left.
        private func leftovers() -> [String] {
            ["/run/dvm/units", "/run/dvm/secrets"].flatMap {
                (try? FileManager.default.contentsOfDirectory(atPath: vm.outside($0))) ?? []
            }
        }

        // MARK: What a unit has

        @Test func `a unit of root's has exactly the variables that are promised, its own, and those of its helpers`()
            throws
        {
            let script =
                "helper\nenv -0 | sort -z | grep -zv '^_=' | tr '\\0' '\\n'\npwd; id -u; umask; echo $0; [ -e /proc/$$/fd/3 ] || echo none"
            let outcome = try run(
                unit(
                    script,
                    prelude: "helper() { echo helped; }\n",
                    variables: ["DVM_ZSH": "a b\n'c'"],
                    secrets: ["T": "s"]
                )
            )
            _ = try success(outcome)
            #expect(
                outcome.text == """
                    helped
                    DEBIAN_FRONTEND=noninteractive
                    DVM_CODE_DIR=\(vm.project)
                    DVM_HOME=\(vm.home)
                    DVM_NAME=app
                    DVM_SECRETS_DIR=/run/dvm/secrets/some
                    DVM_USER=developer
                    DVM_ZSH=a b
                    'c'
                    HOME=/root
                    LANG=C.UTF-8
                    LOGNAME=root
                    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
                    PWD=/root
                    SHELL=/bin/bash
                    SHLVL=1
                    USER=root
                    /root
                    0
                    0022
                    /run/dvm/units/some/some.sh
                    none

                    """
            )
        }

        @Test func `a unit of the user's is theirs, with the groups of a login, and reads its own script`() throws {
            let outcome = try run(
                unit(
                    "helper\nid -u; id -G; pwd; echo $HOME $USER $SHELL; ls -A; touch here; cat /run/dvm/units/some/some.sh | wc -l",
                    as: .user,
                    prelude: "helper() { echo helped; }\n"
                )
            )
            _ = try success(outcome)
            #expect(
                outcome.text.split(separator: "\n").map(String.init) == [
                    "helped", "\(vm.developer)", "\(vm.developer) 64200", vm.home,
                    "\(vm.home) developer /bin/bash", "code", "1",
                ]
            )
            #expect(exists(vm.home + "/here"))
        }

        @Test func `complaints of Bash name the line of the script, or of the helpers`() throws {
            let outcome = try run(
                unit("true\nhelper\nmissing-program\n", prelude: "\nhelper() { other-program || true; }\n")
            )
            #expect(try refusal(outcome) == Refusal("“some” failed with status 127", hint: Self.again))
            #expect(outcome.text.contains("/some/prelude: line 2: other-program: command not found"))
            #expect(outcome.text.contains("/some/some.sh: line 3: missing-program: command not found"))
            #expect(try refusal(run(unit("exit 3\n", name: "setup.sh"))).message == "“setup.sh” failed with status 3")
            #expect(try run(unit("no-such", name: "setup.sh")).text.contains("/units/setup.sh/setup.sh: line 1:"))
        }

        @Test func `the recipes' own helpers tell what failed, and where`() throws {
            let recipes = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../recipes/lib")
            let prelude = try String(contentsOf: recipes.appending(path: "prelude.sh"), encoding: .utf8)
            let failed = try run(unit("dvm_log hello\n\nfalse\n", prelude: prelude))
            #expect(failed.text == "dvm: hello\ndvm: error: “false” failed with status 1 (line 3)\n")
            #expect(try refusal(failed).message == "“some” failed with status 1")

            let script =
                "f() {\n  dvm_secret_file TOKEN\n  cat $(dvm_secret_file TOKEN)\n}\nf; dvm_fail 'no way' 'go on'\n"
            let said = try run(unit(script, prelude: prelude, secrets: ["TOKEN": "s"]))
            #expect(said.text == "/run/dvm/secrets/some/TOKEN\nsdvm: error: no way\ndvm: hint: go on\n")
            #expect(try refusal(said).message == "“some” failed with status 78")

            let asUser = try run(unit("dvm_as_user id -u\n", as: .user, prelude: prelude))
            #expect(asUser.text == "\(vm.developer)\n")
        }

        // MARK: What a unit may do to itself

        @Test func `a unit that reads its input, or ends early, leaves the next one alone`() throws {
            let first = try run(unit("cat; read -r line || echo end; exit 0; echo never", name: "one"))
            #expect(first.text == "end\n")
            #expect(try success(first).leftBehind == 0)
            #expect(try success(run(unit("true", name: "two"))).leftBehind == 0)
            #expect(try records() == ["one": Self.digest, "two": Self.digest])
            #expect(leftovers() == [])
        }

        @Test(arguments: [
            ("exit 7", "failed with status 7"), ("false; echo never", "failed with status 1"),
            ("echo ${UNSET}; echo never", "failed with status 1"), ("false | true; echo never", "failed with status 1"),
            ("kill -9 $$", "was ended by signal 9"), ("kill -TERM $$", "was ended by signal 15"),
            ("(", "failed with status 2"),
        ])
        func `a unit that fails says how, has no record and can run again`(script: String, part: String) throws {
            _ = try success(run(unit("true")))
            let outcome = try run(unit(script))
            #expect(try refusal(outcome) == Refusal("“some” \(part)", hint: Self.again))
            #expect(!outcome.text.contains("never"))
            #expect(try records() == [:])
            _ = try success(run(unit("true")))
            #expect(try records() == ["some": Self.digest])
        }

        @Test func `what a unit leaves in the background ends with it`() throws {
            let mark = ProcessMark()
            let script = "setsid sleep \(mark.seconds) & (trap '' HUP TERM; sleep \(mark.seconds)) & sleep 0.2"
            let outcome = try success(run(unit(script)))
            #expect(outcome.leftBehind >= 2)
            #expect(try !mark.isRunning())
        }

        @Test func `a unit that fails takes along what has left its group; one that succeeds leaves that to systemd`()
            throws
        {
            let mark = ProcessMark()
            let script =
                "bash -c 'echo $$ >/sys/fs/cgroup/cgroup.procs; exec setsid sleep \(mark.seconds)' & sleep 0.3; "
            #expect(try refusal(run(unit(script + "exit 1"))).message == "“some” failed with status 1")
            #expect(try !mark.isRunning())

            _ = try success(run(unit(script)))
            #expect(try mark.isRunning())
            _ = try run(unit("pkill -f 'sleep \(mark.seconds)'"))
        }

        @Test func `a unit that kills what watches over it fails, and the next one finds nothing of it`() throws {
            let mark = ProcessMark()
            let outcome = try run(unit("setsid sleep \(mark.seconds) & kill -9 $PPID; sleep 60", secrets: ["T": "s"]))
            #expect(try refusal(outcome).message.contains("gave up in the middle"))
            #expect(try records() == [:])

            #expect(try success(run(unit("ls /run/dvm/secrets", name: "two"))).leftBehind == 0)
            #expect(try !mark.isRunning())
            #expect(leftovers() == [])
            #expect(try records() == ["two": Self.digest])
        }

        @Test func `a unit that never ends is ended after its time`() throws {
            let mark = ProcessMark()
            let start = ContinuousClock.now
            let outcome = try run(unit("trap '' TERM; echo runs; sleep \(mark.seconds) & wait; wait", timeLimit: 1))
            #expect(outcome.text == "runs\n")
            let longer = "DVM_UNIT_TIMEOUT in the configuration of the VM gives it longer; "
            let ended = Refusal("“some” took longer than 1 s and was ended", hint: longer + Self.again)
            #expect(try refusal(outcome) == ended)
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(try !mark.isRunning())
            #expect(try records() == [:])
            #expect(leftovers() == [])
            _ = try success(run(unit("true")))
            #expect(try records() == ["some": Self.digest])
        }

        @Test func `a unit that is asked to end may clean up`() throws {
            let outcome = try run(unit("trap 'echo cleaning; exit 1' TERM; echo runs; sleep 100 & wait", timeLimit: 1))
            #expect(outcome.text == "runs\ncleaning\n")
        }

        // MARK: What a unit prints

        @Test func `what a unit prints comes as it is and in order, from both streams`() throws {
            let bytes = (0...255).map { "\\x" + String($0, radix: 16) }.joined()
            let outcome = try run(unit("echo one; echo two >&2; echo three; printf '\(bytes)'"))
            _ = try success(outcome)
            #expect(outcome.output == Array("one\ntwo\nthree\n".utf8) + Array(0...255))
            #expect(outcome.errors == [])
        }

        /// The most memory a process ever had, in KiB.
        private func peak(of pid: Int) throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(Int(line.split(separator: " ")[1]))
        }

        @Test func `a gigabyte of output is kept by nobody`() throws {
            let size = 1 << 30
            let script = """
                read -r _ _ _ serve _ </proc/$PPID/stat; printf '%08d %08d\\n' $PPID $serve
                head -c \(size) /dev/zero; until [ -e \(vm.home)/go ]; do sleep 0.05; done
                """
            let number = try client.open(.task(.unit(unit(script))))
            var channel = ClientChannel(number: number)
            var first: [UInt8] = []
            var count = 0
            var isOver = false
            while !isOver {
                for frame in try client.link.turn().frames where frame.channel == number {
                    switch try channel.receive(frame) {
                    case .received(_, let bytes):
                        if first.count < 18 { first += bytes.prefix(18 - first.count) }
                        count += bytes.count
                        channel.handedOn(bytes.count, of: .output).map(client.link.send)
                        guard count == size + 18 else { continue }
                        let pids = String(decoding: first, as: UTF8.self).split(separator: " ")
                        for pid in pids {
                            let peak = try peak(of: #require(Int(pid.trimmingCharacters(in: .whitespacesAndNewlines))))
                            #expect(peak < 64 * 1024)
                        }
                        try Data().write(to: URL(filePath: vm.outside(vm.home + "/go")))
                    case .ended(let ending):
                        guard case .result = ending else { throw Refusal("\(ending)") }
                        isOver = true
                    default: break
                    }
                }
            }
            #expect(count == size + 18)
        }

        // MARK: What becomes of it when nobody waits

        /// How a host goes away.
        enum Departure: CaseIterable { case link, channel, crash }

        @Test(arguments: Departure.allCases)
        func `a unit ends with its host, within two seconds, and has no record`(departure: Departure) throws {
            let mark = ProcessMark()
            let script = """
                read -r _ _ _ serve _ </proc/$PPID/stat; mkdir $DVM_SECRETS_DIR/copy; cp $DVM_SECRETS_DIR/T $DVM_SECRETS_DIR/copy
                trap '' HUP TERM PIPE; setsid sleep \(mark.seconds) & sleep \(mark.seconds) & echo ready $serve; wait; wait
                """
            let channel = try client.open(.task(.unit(unit(script, secrets: ["T": "s"]))))
            let outcome = try client.follow(channel) { $0.text.hasSuffix("\n") || $0.ending != nil }
            let serve = try #require(pid_t(outcome.text.dropFirst("ready ".count).dropLast()))
            try #require(serve > 1)
            while try !mark.isRunning() { usleep(10_000) }
            #expect(exists("/run/dvm/secrets/some/T"))

            let start = ContinuousClock.now
            switch departure {
            case .link: client.link.end()
            case .crash: kill(serve, SIGKILL)
            case .channel:
                client.link.send(Frame(.close, channel: channel))
                #expect(try refusal(client.follow(channel)).message.contains("nobody waited for it"))
            }
            while try mark.isRunning() || exists("/run/dvm/secrets/some") || exists("/run/dvm/units/some") {
                guard start.duration(to: .now) < .seconds(20) else { break }
                usleep(10_000)
            }
            // Two seconds, and what a busy machine adds.
            #expect(start.duration(to: .now) < .seconds(4))
            #expect(try !mark.isRunning())
            #expect(leftovers() == [])
            let next = try GuestClient(vm)
            #expect(try records(over: next) == [:])
            #expect(try success(run(unit("true"), over: next)).leftBehind == 0)
        }

        @Test func `a second one at the same time is refused, and told about the first`() throws {
            let first = try client.open(
                .task(.unit(unit("echo ready; until [ -e go ]; do sleep 0.05; done", as: .user)))
            )
            _ = try client.follow(first) { $0.text.contains("ready") || $0.ending != nil }

            let refusal = try refusal(run(unit("true", name: "two"), over: GuestClient(vm)))
            #expect(refusal.message.hasPrefix("another `dvm sync` is setting this VM up: it has been at “some” for "))
            #expect(refusal.hint != nil)
            try Data().write(to: URL(filePath: vm.outside(vm.home + "/go")))
            _ = try success(client.follow(first))
            #expect(try records() == ["some": Self.digest])
        }

        // MARK: Records and secrets

        @Test func `a record is root's, and is not kept when the disk is full`() throws {
            _ = try success(run(unit("true")))
            let attributes = try FileManager.default.attributesOfItem(
                atPath: vm.outside("/var/lib/dvm/units/some.json")
            )
            #expect(attributes[.posixPermissions] as? Int == 0o600)

            // It makes the disk full of the guest program, whose mounts are its own.
            let script =
                "mount -t tmpfs -o size=4k none /var/lib/dvm/units; head -c 4096 /dev/zero >/var/lib/dvm/units/full"
            let full = try refusal(run(unit(script)))
            #expect(full.message.hasPrefix("“some” ran to its end, but that could not be noted: "))
            #expect(try records() == [:])
        }

        @Test func `secrets are not put where a disk would keep them`() throws {
            let onDisk = try PretendVM(runInMemory: false)
            let client = try GuestClient(onDisk)
            let refusal = try refusal(run(unit("echo ran", secrets: ["T": "canary"]), over: client))
            #expect(
                refusal.message
                    == "/run/dvm/secrets/some in the VM is not in memory, so a secret would stay on its disk"
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: onDisk.outside("/run/dvm/secrets")) == [])
            #expect(try success(run(unit("echo ran"), over: client)).leftBehind == 0)
        }

        @Test func `a secret is in its file while the unit runs, and nowhere else then or later`() throws {
            let canary = "canary-\(UUID().uuidString)"
            let search = """
                stat -c '%a %u %n' $DVM_SECRETS_DIR $DVM_SECRETS_DIR/*
                wc -c <$DVM_SECRETS_DIR/TOKEN
                echo ready; until [ -e \(vm.home)/go ]; do sleep 0.05; done
                """
            let channel = try client.open(.task(.unit(unit(search, secrets: ["TOKEN": canary]))))
            let outcome = try client.follow(channel) { $0.text.contains("ready") || $0.ending != nil }
            #expect(
                outcome.text.split(separator: "\n").prefix(3) == [
                    "700 0 /run/dvm/secrets/some", "600 0 /run/dvm/secrets/some/TOKEN", "\(canary.utf8.count)",
                ]
            )
            let file = vm.outside("/run/dvm/secrets/some/TOKEN")
            // The search finds what is there.
            let planted = Process()
            planted.executableURL = URL(filePath: "/bin/sleep")
            planted.arguments = ["100"]
            planted.environment = ["X": canary]
            try planted.run()
            // Until it has become that program, its variables are ours.
            let environ = "/proc/\(planted.processIdentifier)/environ"
            let deadline = ContinuousClock.now + .seconds(20)
            while (try? String(contentsOfFile: environ, encoding: .utf8))?.contains(canary) != true,
                ContinuousClock.now < deadline
            { usleep(10_000) }
            #expect(try places(of: canary).sorted() == [file, "/proc/\(planted.processIdentifier)/environ"].sorted())
            try #require(planted.processIdentifier > 1)
            kill(planted.processIdentifier, SIGKILL)
            planted.waitUntilExit()
            #expect(try places(of: canary) == [file])

            try Data().write(to: URL(filePath: vm.outside(vm.home + "/go")))
            let rest = try client.follow(channel)
            _ = try success(rest)
            #expect(!outcome.text.contains(canary) && !rest.text.contains(canary))
            #expect(try places(of: canary) == [])
        }

        /// Where a text is: in arguments and environments of processes, and in what the VM has in memory and on its disk.
        private func places(of text: String) throws -> [String] {
            let needle = Data(text.utf8)
            var found: [String] = []
            for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
                for file in ["cmdline", "environ"] {
                    let path = "/proc/\(pid)/\(file)"
                    if let data = FileManager.default.contents(atPath: path), data.range(of: needle) != nil {
                        found.append(path)
                    }
                }
            }
            for top in [vm.memory, vm.directory] {
                let files = FileManager.default.enumerator(atPath: top.path)
                while let name = files?.nextObject() as? String {
                    let path = top.path + "/" + name
                    if let data = FileManager.default.contents(atPath: path), data.range(of: needle) != nil {
                        found.append(path)
                    }
                }
            }
            return found
        }
    }
}
