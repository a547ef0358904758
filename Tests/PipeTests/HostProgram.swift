import Foundation
import Glibc
import TestSupport

/// The built `dvm`, with a `limactl` whose VM is this machine in disguise.
final class HostProgram {
    let fixture: HostFixture
    let vm: PretendVM

    /// What a script came to.
    struct Outcome: Equatable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// A program of its own; with a VM of its own, too, unless there is one.
    init(_ known: PretendVM? = nil) throws {
        fixture = try HostFixture()
        vm = try known ?? PretendVM()
        try fixture.write("config/vms/app.sh", "")
        try fixture.installLimactl()
        try fixture.write(
            "list.json",
            """
            {"name":"dvm-app","status":"Running","dir":"/lima/dvm-app","arch":"x86_64","cpus":4,\
            "memory":4294967296,"disk":64424509440}

            """
        )
        try fixture.write("bin/limactl-other", fixture.read("bin/limactl") ?? "", mode: 0o700)
        let guest = vm.command([try Products.path("dvm-guest"), "serve"]).map(Self.quoted).joined(separator: " ")
        // As Lima's own does it: a login shell that may print first, and then what it was told.
        try fixture.write(
            "bin/limactl",
            """
            #!/bin/bash
            if [ "$1" != shell ]; then exec '\(fixture.root)/bin/limactl-other' "$@"; fi
            printf '%s\\n' "$*" >>'\(fixture.root)/shells'
            echo $$ >'\(fixture.root)/serve.pid'
            if [ -e '\(fixture.root)/welcome' ]; then
              cat '\(fixture.root)/welcome'
              # The hello whole, and the head of what is asked.
              head -c "$(head -c 12 | od -An -tu4 --endian=big -j 8)" >/dev/null; head -c 12 >/dev/null
              cat '\(fixture.root)/said'; cat >/dev/null; exit
            fi
            echo 'Welcome to your VM'
            exec \(guest)
            """,
            mode: 0o700
        )
    }

    private static func quoted(_ word: String) -> String { "'\(word.replacing("'", with: "'\\''"))'" }

    /// Runs a Bash script in which `dvm` is the built program and `$ROOT` the fixture.
    func run(_ script: String, seconds: Int = 60) throws -> Outcome {
        let process = Process()
        // Tenfold slack and more; what hangs ends as status 124.
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = ["-k", "5", "\(seconds)", "/bin/bash", "-c", "dvm() { \"$DVM\" \"$@\"; }\n" + script]
        process.currentDirectoryURL = URL(filePath: fixture.root)
        var environment = fixture.environment
        environment["DVM"] = try Products.path("dvm-host")
        environment["ROOT"] = fixture.root
        process.environment = environment
        // Files and not pipes: what a script leaves behind may keep them open.
        for name in ["out", "err"] { try fixture.write(name, "") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: "\(fixture.root)/out")
        process.standardError = FileHandle(forWritingAtPath: "\(fixture.root)/err")
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: fixture.read("out") ?? "",
            errors: fixture.read("err") ?? ""
        )
    }
}
