import Foundation
import Testing

extension VMTests {
    @Suite struct `Trouble in a VM` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        // MARK: The guest program

        private static let guest = "/usr/local/libexec/dvm/dvm-guest"

        /// Damages, and what dvm says when it puts the program back.
        private static let damages = [
            // Gone.
            ["rm \(guest)", "installing the guest program"],
            // Cut short: it does not even start.
            ["head -c 100000 \(guest) >/run/cut; install -m 755 /run/cut \(guest)", "installing the guest program"],
            // Of another build: its identifier, the 20 bytes after the name GNU in the first such note, differs.
            [
                #"""
                python3 - <<'END'
                import re, os
                path = "/usr/local/libexec/dvm/dvm-guest"
                program = bytearray(open(path, "rb").read())
                note = program.index(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0") + 16
                program[note] ^= 0xFF
                with open(path + ".new", "wb") as file: file.write(program)
                os.chmod(path + ".new", 0o755)
                os.rename(path + ".new", path)
                END
                """#, "updating the guest program",
            ],
        ]

        @Test(arguments: damages)
        func `a guest program that is not ours is replaced, and said so`(damage: [String]) throws {
            let whole = try vm.root("sha256sum <\(Self.guest)")
            try vm.root(damage[0])
            #expect(try vm.root("[ -e \(Self.guest) ] && sha256sum <\(Self.guest) || true") != whole)

            let outcome = try vm.developer("echo done")

            #expect(outcome.text == "done\n")
            #expect(outcome.complaint.contains(damage[1]), "\(outcome.complaint)")
            #expect(try vm.root("sha256sum <\(Self.guest); stat -c '%a %U' \(Self.guest)") == "\(whole)755 root\n")
            #expect(try vm.developer("echo again").complaint == "")
        }

        @Test func `a control account without sudo is refused with what is wrong`() throws {
            // Only without the door does anybody ask sudo: in a VM that was not set up to its end.
            //
            // A later rule wins. It takes itself back, for nobody can do it from outside: at a sign, or after a minute.
            try vm.root(
                """
                echo 'dvm ALL=(ALL) !ALL' >/run/refusal && chmod 440 /run/refusal
                systemctl stop dvm-door.socket dvm-door.service
                systemd-run -q --collect sh -c '
                    mv /run/refusal /etc/sudoers.d/zz-refusal
                    for i in $(seq 600); do [ -e /tmp/enough ] && break; sleep 0.1; done
                    rm -f /etc/sudoers.d/zz-refusal /tmp/enough
                    systemctl start dvm-door.socket'
                until [ -e /etc/sudoers.d/zz-refusal ]; do sleep 0.1; done
                """
            )
            let outcome = try vm.developer("echo done")
            _ = try vm.control("touch", "/tmp/enough")
            let deadline = ContinuousClock.now + .seconds(600)
            while try vm.control("sudo", "-n", "true").status != 0, ContinuousClock.now < deadline { usleep(100_000) }

            #expect(outcome.status == 1)
            #expect(outcome.text == "")
            #expect(outcome.complaint.contains("sudo is refused to dvm's own account"), "\(outcome.complaint)")
            #expect(outcome.complaint.contains("hint: "))
            #expect(try vm.developer("echo done").text == "done\n")
        }

        @Test func `a host whose account lost its sudo still comes in through the door`() throws {
            try vm.root(
                """
                echo 'dvm ALL=(ALL) !ALL' >/run/refusal && chmod 440 /run/refusal
                systemd-run -q --collect sh -c '
                    mv /run/refusal /etc/sudoers.d/zz-refusal; sleep 15; rm -f /etc/sudoers.d/zz-refusal'
                until [ -e /etc/sudoers.d/zz-refusal ]; do sleep 0.1; done
                """
            )
            let refused = try vm.control("sudo", "-n", "true").status
            let outcome = try vm.developer("echo done")
            let deadline = ContinuousClock.now + .seconds(600)
            while try vm.control("sudo", "-n", "true").status != 0, ContinuousClock.now < deadline { usleep(100_000) }

            #expect(refused != 0)
            #expect(outcome.text == "done\n")
        }

        // MARK: The link and the clock

        @Test func `a command that loses its link says what became of it`() throws {
            let program = try vm.start(["ssh", vm.name, "--", "/bin/sh", "-c", "echo ready; sleep 300"])
            _ = try program.writes { $0.text.contains("ready") }
            cutLink(of: program)
            let outcome = try program.finish()

            #expect(outcome.status == 1)
            #expect(outcome.complaint.contains("the link to \(vm.name) was lost"), "\(outcome.complaint)")
            #expect(outcome.complaint.contains("hint: "))
        }

        @Test func `a clock that is an hour behind is set at the next contact`() throws {
            try vm.root("date -s '1 hour ago' >/dev/null")
            let outcome = try vm.developer("date +%s")

            #expect(outcome.complaint.contains("the clock of \(vm.name) was behind by 3"), "\(outcome.complaint)")
            let difference = try #require(Double(outcome.lines[0])) - Date().timeIntervalSince1970
            #expect(abs(difference) < 20)
            #expect(try vm.developer("true").complaint == "")
        }

        // MARK: Names

        @Test func `a VM nobody made is refused with the nearest name`() throws {
            for verb in ["ssh", "sh", "sync", "stop"] {
                let outcome = try vm.dvm(verb, "\(vm.name)x")

                #expect(outcome.status == 1, "\(verb)")
                #expect(outcome.complaint.contains("did you mean \(vm.name)?"), "\(verb): \(outcome.complaint)")
            }
        }

        @Test func `a VM that holds work is not deleted`() throws {
            // The first by name: other tests leave files, and a few are named.
            try vm.developer("touch a-file-of-work")
            let outcome = try vm.dvm("rm", vm.name, "--yes")

            #expect(outcome.status == 1)
            #expect(outcome.complaint.contains("in no repository: a-file-of-work"), "\(outcome.complaint)")
            #expect(outcome.complaint.contains("--force"))
            #expect(try vm.state() == "Running")
        }

        @Test func `a VM of which nobody knows whether it holds work is not deleted`() throws {
            // What says where the project is cannot be read.
            try vm.altered("mv /var/lib/dvm/settings.json /run/", back: "mv /run/settings.json /var/lib/dvm/") {
                let outcome = try vm.dvm("rm", vm.name, "--yes")

                #expect(outcome.status == 1)
                #expect(outcome.complaint.contains("it is not known whether \(vm.name) holds work"))
            }
            #expect(try vm.state() == "Running")
        }
    }

    /// A VM of its own is made, started and deleted here; each test brings it to where it needs it.
    @Suite struct `The life of a VM` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.spare }

        private func make() throws {
            if try vm.state() == "Running" { return }
            let outcome = try vm.dvm("sync", vm.name, within: .seconds(1200))
            try #require(outcome.status == 0, "\(outcome.complaint)")
        }

        private func delete() throws {
            guard try vm.state() != nil else { return }
            try #require(vm.dvm("rm", vm.name, "--yes", "--force").status == 0)
        }

        @Test func `Ctrl-C leaves a sync that the next one finishes`() throws {
            try delete()
            let first = try vm.start(["sync", vm.name])
            _ = try first.writes(within: .seconds(600)) { $0.complaint.contains("starting \(vm.name)") }
            first.signal(SIGINT)
            #expect(try first.finish().status == 130)

            let second = try vm.dvm("sync", vm.name, within: .seconds(1200))
            #expect(second.status == 0, "\(second.complaint)")
            #expect(try vm.developer("hostname").lines == [vm.name])
        }

        @Test func `Ctrl-C in the middle of setting up leaves a sync that the next one finishes`() throws {
            try make()
            try vm.root("rm -f /var/lib/dvm/settings.json /usr/local/bin/claude")
            let first = try vm.start(["sync", "--verbose", vm.name])
            _ = try first.writes { $0.complaint.contains("accounts") }
            first.signal(SIGINT)
            #expect(try first.finish().status == 130)

            #expect(try vm.dvm("sync", vm.name).status == 0)
            #expect(try vm.root("ls /var/lib/dvm/settings.json /usr/local/bin/claude").contains("claude"))
        }

        @Test func `of two syncs at once the second waits, and says for whom`() throws {
            try make()
            try #require(vm.dvm("stop", vm.name).status == 0)
            let first = try vm.start(["sync", vm.name])
            _ = try first.writes { $0.complaint.contains("starting \(vm.name)") }
            let second = try vm.start(["sync", vm.name])
            let told = try second.writes { $0.complaint.contains("waiting for") }

            #expect(told.complaint.contains("dvm sync \(vm.name) (process \(first.pid))"), "\(told.complaint)")
            #expect(try first.finish(within: .seconds(1200)).status == 0)
            #expect(try second.finish(within: .seconds(600)).status == 0)
        }

        @Test(arguments: [
            ("plain: false", "it is not plain"), ("plain: false\nmounts: [{location: /tmp}]", "it mounts /tmp"),
        ])
        func `what the person's Lima settings open is found before a VM starts`(line: String, word: String) throws {
            if try vm.state() == nil { try make() }
            if try vm.state() == "Running" { try #require(vm.dvm("stop", "--force", vm.name).status == 0) }
            try vm.write(line, to: "lima/_config/override.yaml")
            defer { try? vm.write(nil, to: "lima/_config/override.yaml") }

            for verb in ["ssh", "sync"] {
                let outcome = try vm.dvm(verb, vm.name)
                #expect(outcome.status == 1)
                #expect(outcome.complaint.contains(word), "\(outcome.complaint)")
                #expect(outcome.complaint.contains("_config/override.yaml"))
            }
            #expect(try vm.state() == "Stopped")
        }

        @Test func `a VM with an empty project is deleted, all of it`() throws {
            try make()
            try vm.developer("find . -mindepth 1 -delete")
            let refused = try vm.dvm("rm", vm.name)
            #expect(refused.status == 1 && refused.complaint.contains("--yes"))

            let outcome = try vm.dvm("rm", vm.name, "--yes")

            #expect(outcome.status == 0, "\(outcome.complaint)")
            #expect(try vm.state() == nil)
            #expect(HostProcesses.naming("lima-\(vm.instance)", in: "cmdline") == [])
            #expect(try vm.dvm("ls").text.contains(vm.name), "its configuration stays")
        }
    }
}
