import Foundation
import Testing

extension VMTests {
    @Suite struct `A shell opened by dvm sh` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// A shell that has printed its first prompt, and now has one that nothing else looks like.
        private func shell() throws -> PretendTerminal {
            let terminal = try vm.terminal("sh", vm.name, columns: 132, rows: 40)
            try terminal.expect("\(vm.user)@\(vm.name):~/code/\(vm.name)$ ")
            terminal.type("PS1='ready''> '\r")
            try terminal.expect("ready> ")
            return terminal
        }

        @Test func `it has a terminal of our kind and size, and its exit status is dvm's`() throws {
            let terminal = try shell()
            terminal.type("tty; stty size; echo $TERM; exit 9\r")
            let seen = try terminal.expect("vt220\r\n")

            #expect(seen.contains("/dev/pts/"))
            #expect(seen.contains("40 132\r\n"))
            #expect(try terminal.exit() == 9)
            #expect(terminal.isOrdinary)
        }

        @Test func `a job can be stopped with Ctrl-Z, listed, brought back and ended with Ctrl-C`() throws {
            let terminal = try shell()
            // The word is put together by the program, so that its echo is not mistaken for it.
            terminal.type(#"sh -c 'echo run""ning; exec sleep 4711'"# + "\r")
            try terminal.expect("running\r\n")
            terminal.type("\u{1A}")
            try terminal.expect("Stopped")
            try terminal.expect("ready> ")
            terminal.type("jobs\r")
            #expect(try terminal.expect("ready> ").contains("sleep 4711"))
            terminal.type("fg\r")
            try terminal.expect("sleep 4711'\r\n")
            terminal.type("\u{3}")
            try terminal.expect("ready> ")
            terminal.type("echo status-$?\r")
            try terminal.expect("status-130\r\n")
            terminal.type("exit 0\r")
            #expect(try terminal.exit() == 0)
        }

        @Test func `a window that is resized is resized in the VM`() throws {
            let terminal = try shell()
            terminal.resize(columns: 77, rows: 33)
            // The change travels beside what is typed, which may overtake it.
            terminal.type(#"until [ "$(stty size)" = '33 77' ]; do sleep 0.1; done; echo now "$(stty size)""# + "\r")
            try terminal.expect("now 33 77\r\n")
        }

        @Test func `every script of the world goes both ways`() throws {
            let terminal = try shell()
            terminal.type("echo 'für ✓ 漢字 🙂' | tee /dev/tty | od -An -tx1 | tr -d ' \\n'; echo .\r")
            // The echo of the command has a quotation mark there.
            try terminal.expect("für ✓ 漢字 🙂\r\n")
            let bytes = Array("für ✓ 漢字 🙂\n".utf8).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0\(digits)" : digits
            }
            try terminal.expect("\(bytes.joined()).\r\n")
        }

        @Test func `a flood stops at Ctrl-C`() throws {
            let terminal = try shell()
            terminal.type("yes\r")
            try terminal.expect("y\r\ny\r\ny\r\n")
            let start = ContinuousClock.now
            terminal.type("\u{3}")
            try terminal.expect("ready> ")

            // 200 ms is the promise, measured in `make bench`; this is with slack for an emulated VM.
            #expect(ContinuousClock.now - start < .seconds(10))
        }

        @Test func `a killed link gives the terminal back, and tmux in the VM lives on`() throws {
            let terminal = try shell()
            terminal.type("tmux new-session -s kept\r")
            try terminal.expect("[kept]")
            terminal.type(#"echo "remem""bered""# + "\r")
            try terminal.expect("remembered")
            #expect(!terminal.isOrdinary)

            cutLink(of: terminal.program)
            let status = try terminal.exit()
            #expect(status == 1)
            #expect(terminal.unread.contains("the link to \(vm.name) was lost"), "\(terminal.unread.suffix(500))")
            #expect(terminal.isOrdinary)

            let again = try shell()
            again.type("tmux attach -t kept\r")
            try again.expect("remembered")
            again.type("exit\r")
            try again.expect("[exited]")
            #expect(try vm.developer("tmux ls").status != 0)
        }
    }
}

/// Kills what dvm reaches a VM with: limactl, and what it started.
func cutLink(of dvm: RunningProgram) {
    for pid in HostProcesses.descendants(of: dvm.pid) where pid > 1 { kill(pid, SIGKILL) }
}
