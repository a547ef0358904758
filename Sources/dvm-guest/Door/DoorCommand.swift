internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest door`: started by systemd at the first connection to the door's socket, which is its standard input.
struct DoorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "door",
        abstract: "Let dvm on the host in",
        discussion: "Started by systemd; not of use by hand.",
        shouldDisplay: false
    )

    @Option(help: "Where this program is installed")
    var installed = Wrappers.program

    @Option(help: "The account to let in beside root")
    var visitor = ControlAccount.name

    func run() throws {
        // What it starts is not waited for: each is the matter of whoever came through the door.
        signal(SIGCHLD, SIG_IGN)
        guard let account = try Accounts.read()[visitor] else {
            throw Refusal(
                "there is no account “\(visitor)” in this VM",
                hint: "dvm's own VMs have it; make the VM anew"
            )
        }
        var door = Door(at: .standardInput, for: account.uid, installed: InstalledProgram(at: FilePath(installed)))
        if try door.run() == .replaced {
            try Replacement.become(installed, ["dvm-guest"] + CommandLine.arguments.dropFirst())
        }
    }
}
