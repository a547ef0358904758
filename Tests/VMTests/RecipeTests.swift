import Foundation
import Testing

extension VMTests {
    /// Recipes of a person's own, which install nothing, under dvm as it is installed.
    @Suite(.writesConfiguration) struct `Recipes in a VM` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        @Test func `one that is added, changed or asked for runs alone, as whom it says`() throws {
            try vm.recipe("plain", "true")
            try vm.recipe("own", #"echo "$DVM_OWN_WORD as $(id -un) in $PWD""#, "as: user", "vars: DVM_OWN_WORD")
            try vm.configure("use plain own\nDVM_OWN_WORD=one\n")
            let first = try vm.sync()
            #expect(first.ran == ["plain", "own"], "\(first.told)")
            #expect(vm.log("own") == "one as \(vm.user) in \(vm.userHome)\n")

            try vm.configure("use plain own\nDVM_OWN_WORD=two\n")
            #expect(try vm.sync().ran == ["own"])
            #expect(vm.log("own").hasPrefix("two as "))
            #expect(try vm.sync("--only", "own").ran == [])
            #expect(try vm.sync("--only", "own", "--force").ran == ["own"])
            #expect(try vm.sync("--force").ran == ["baseline", "plain", "own"])

            let none = try vm.sync()
            #expect(none.status == 0 && none.ran == [])
            #expect(none.text == "nothing had to be done, 3 recipes unchanged")
        }

        @Test func `one that fails stops the sync with its last words, and the next one goes on there`() throws {
            try vm.recipe("first", "echo x >>/var/tmp/first")
            try vm.recipe("second", "echo about to fail\ncat /no/such/file")
            try vm.recipe("third", "echo y >/var/tmp/third")
            try vm.configure("use first second third\n")

            let failed = try vm.sync()
            #expect(failed.status == 1)
            #expect(failed.text.contains("“second” failed with status 1"), "\(failed.told)")
            #expect(failed.text.contains("about to fail") && failed.text.contains("/no/such/file: No such file"))
            #expect(failed.hint.contains("/second.log"))
            #expect(vm.log("second").contains("“cat /no/such/file” failed with status 1 (line 2)"))
            #expect(try vm.root("cat /var/tmp/first; ls /var/tmp/third 2>&1 || true").hasPrefix("x\nls: "))

            try vm.recipe("second", "echo mended")
            #expect(try vm.sync().ran == ["second", "third"])
            #expect(try vm.root("cat /var/tmp/first /var/tmp/third; rm /var/tmp/first /var/tmp/third") == "x\ny\n")
        }

        @Test func `a lost link ends the one that runs, and the next sync completes`() throws {
            try vm.recipe("slow", "echo $$ >/run/slow.pid\n[ -e /run/quick ] || { echo waiting; sleep 1000; }\n")
            try vm.configure("use slow\n")
            defer { _ = try? vm.root("rm -f /run/quick /run/slow.pid") }
            let sync = try vm.start(["sync", "--verbose", vm.name])
            _ = try sync.writes { $0.complaint.contains("waiting") }
            cutLink(of: sync)
            let lost = try sync.finish()
            #expect(lost.status == 1)
            #expect(lost.complaint.contains("the link to \(vm.name) was lost"), "\(lost.complaint)")
            let ended = try vm.root(
                """
                touch /run/quick
                for i in $(seq 100); do [ -e /proc/$(cat /run/slow.pid) ] || { echo ended; break; }; sleep 0.2; done
                """
            )
            #expect(ended == "ended\n")

            #expect(try vm.sync().ran == ["slow"])
        }
    }
}
