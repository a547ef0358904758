import TestSupport
import Testing

extension VMTests {
    @Suite struct `A review of what an agent did` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        @Test func `shows what a session left, and gives it out as a patch`() throws {
            let git = "git -c user.name=a -c user.email=a@x"
            #expect(
                try vm.developer(
                    "mkdir rv && cd rv && git init -q -b main && echo one >file && git add . && \(git) commit -qm one"
                )
                .status == 0
            )
            defer { _ = try? vm.developer("rm -rf rv") }
            #expect(try vm.dvm("review", vm.name).status == 0)
            #expect(try vm.dvm("review", vm.name, "--done").status == 0)

            let session = try vm.agent(
                "cd rv && echo two >file && git update-index --assume-unchanged file && echo x >Jenkinsfile"
            )
            #expect(session.status == 0, "\(session.complaint)")
            let shown = try vm.dvm("review", vm.name, "--repository", "rv", "--patch", "-")
            #expect(shown.status == 0)
            #expect(shown.complaint.contains("! runs on a build server: Jenkinsfile"), "\(shown.complaint)")
            #expect(shown.complaint.contains("! git was told not to show its changes: file"))
            #expect(shown.text.contains("-one\n+two\n"))
            // What the agent may not know: what counts as reviewed.
            #expect(try vm.agent("ls \(vm.userHome)/.local/state/dvm/review").status != 0)
        }
    }
}
