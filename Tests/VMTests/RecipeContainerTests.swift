import Foundation
import Testing

extension VMTests {
    /// Of many hundred megabytes, and so not for every commit.
    @Suite(.writesConfiguration) struct `Containers in a VM` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// Beside the first: Docker's service is the user's own, and started by the recipe.
        @Test(arguments: ["podman", "docker"])
        func `run from an image made there, and are the developer's`(engine: String) throws {
            try vm.recipe("busybox", "dvm_packages busybox-static")
            try vm.configure("use busybox \(engine)\n")
            let outcome = try vm.sync()
            try #require(outcome.status == 0, "\(outcome.told.suffix(3000))")
            #expect(outcome.ran.contains(engine))

            let version = try vm.developer("\(engine) --version")
            #expect(version.status == 0 && version.text.lowercased().hasPrefix("\(engine) version"), "\(version.text)")
            let ran = try vm.developer(
                """
                set -e
                rm -rf ~/image && mkdir -p ~/image/bin && cp /bin/busybox ~/image/bin/
                tar -C ~/image -c . | \(engine) import - tiny >/dev/null
                \(engine) run --rm --network none -v "$PWD:/work" tiny \\
                    /bin/busybox sh -c 'busybox id -u; echo inside >/work/made-by-\(engine); busybox ls /home 2>&1 || true'
                stat -c %U made-by-\(engine)
                """
            )
            #expect(ran.status == 0, "\(ran.complaint.suffix(3000))")
            // Root in there, and nobody but the developer out here.
            #expect(ran.lines == ["0", "ls: /home: No such file or directory", vm.user], "\(ran.complaint)")
            #expect(try vm.developer("cat made-by-\(engine); rm made-by-\(engine)").lines == ["inside"])
            #expect(try vm.root("id -nG \(vm.user)").contains("docker") == false)
            #expect(try vm.sync().ran == [])
        }
    }
}
