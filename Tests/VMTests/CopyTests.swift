import Foundation
import Testing

extension VMTests {
    @Suite struct `Copying to a VM and back` {
        let vm: TestVM
        let place = "/tmp/dvm-copy-\(getpid())"

        init() throws { vm = try VirtualMachines.current.shared }

        /// Runs a script of this computer in an empty directory, in which `cp` is `dvm cp` and `$VM` the VM.
        private func run(_ script: String) throws -> RunningProgram.Outcome {
            try? FileManager.default.removeItem(atPath: place)
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: place) }
            let words = ["/bin/bash", "-c", "cp() { \"$DVM\" cp \"$@\"; }; cd \"$0\" && {\n\(script)\n}", place]
            let stage = try #require(ProcessInfo.processInfo.environment["DVM_STAGE"])
            let environment = vm.environment.merging(["DVM": "\(stage)/bin/dvm", "VM": vm.name]) { $1 }
            return try RunningProgram(words, environment: environment).finish(within: .seconds(300))
        }

        @Test func `a tree comes back as it was`() throws {
            let outcome = try run(
                """
                mkdir -p tree/a/b 'tree/with space' tree/empty; printf x >tree/a/b/-dash; printf y >$'tree/new\\nline'
                printf w >$'tree/\\xff'; truncate -s 1G tree/holes; printf end >>tree/holes; ln -s a/b/-dash tree/link
                head -c 3000000 /dev/urandom >tree/big; chmod 640 tree/big; touch -d '2001-02-03 04:05:06.5' tree/big
                cp -r tree "$VM":copied/ && cp -r "$VM":copied/tree back && diff -r --no-dereference tree back &&
                stat -c '%a %y' back/big && cp -r tree "$VM":copied/
                """
            )
            #expect(outcome.status == 0, "\(outcome.complaint)")
            #expect(outcome.text.hasPrefix("640 2001-02-03 04:05:06.500000000"))
            #expect(outcome.complaint.contains("0 files, 0 B, 5 unchanged"))
            let facts = try vm.developer("stat -c '%U %b' copied/tree/holes; rm -r copied").text.split(separator: " ")
            try #require(facts.count == 2)
            #expect(facts[0] == "developer")
            #expect(try #require(Int(facts[1].dropLast())) < 100)
        }

        @Test func `what was cut short goes on where it was, in both directions`() throws {
            let outcome = try run(
                """
                head -c 80000000 /dev/urandom >big
                cut() {
                  "$DVM" cp "$1" "$2" 2>/dev/null & pid=$!
                  until [ "$(eval "$3" || echo 0)" -gt 3000000 ]; do sleep 0.2; done
                  kill -KILL $pid; wait $pid 2>/dev/null; echo $?
                }
                size() { "$DVM" ssh "$VM" -- sh -c 'stat -c %s cut/.dvm-cp.* 2>/dev/null'; }
                cut big "$VM":cut/big size; sleep 2; cp big "$VM":cut/big
                cut "$VM":cut/big back 'stat -c %s .dvm-cp.* 2>/dev/null'; cp "$VM":cut/big back; cmp big back && ls -A
                """
            )
            #expect(outcome.text == "137\n137\nback\nbig\n", "\(outcome.complaint)")
            let moved = outcome.complaint.split(separator: "\n").filter { $0.contains("1 file, ") }
            #expect(moved.count == 2 && !moved.contains { $0.contains("80.0 MB") }, "\(outcome.complaint)")
            #expect(try vm.developer("ls -A cut; rm -r cut").text == "big\n")
        }

        @Test func `two names that are one to a file system are told, and the first is kept`() throws {
            let directory = "\(vm.project)/folded"
            try vm.root(
                """
                truncate -s 16M /root/folded; mkfs.ext4 -q -O casefold /root/folded; mkdir \(directory)
                mount -o loop /root/folded \(directory); mkdir \(directory)/d; chattr +F \(directory)/d
                chown \(vm.user) \(directory)/d; touch \(directory)/d/x; ls \(directory)/d/X; rm \(directory)/d/x
                """
            )
            defer { _ = try? vm.root("umount \(directory); rm -r \(directory) /root/folded") }
            let outcome = try run(
                """
                mkdir -p t/sub t/Sub; printf 1 >t/File; printf 2 >t/file; printf 3 >t/sub/a; printf 4 >t/Sub/a
                printf 5 >$'t/\\xc3\\xa9'; printf 6 >$'t/e\\xcc\\x81'; cp -r t/. "$VM":folded/d
                """
            )
            #expect(outcome.status == 1)
            let lines = outcome.complaint.split(separator: "\n")
            #expect(lines.count { $0.contains("does not tell their names apart") } == 3, "\(outcome.complaint)")
            #expect(try vm.root("cd \(directory)/d; cat File Sub/a; cat $'\\xc3\\xa9'; ls -A | wc -l") == "1463\n")
        }
    }
}
