internal import DVMProtocol

/// Puts the guest program into a VM, whole or not at all.
struct GuestInstaller {
    /// A program that reaches the VM; what follows is run there.
    let shell: ([String]) -> GuestCommand
    let remark: (String) -> Void
    /// Readable when the VM is no longer waited for.
    let stop: FileDescriptor?
    /// Whose program it is, for what is said to people.
    let vm: MachineName

    /// Where it goes.
    static let place = "/usr/local/libexec/dvm/dvm-guest"

    /// Run in the VM as root, with the program on standard input, and its size and checksum as arguments.
    ///
    /// A text of ours:
    /// nothing of a user or a guest is ever part of it.
    private static let script = """
        set -eu; umask 022; mkdir -p /usr/local/libexec/dvm; \
        new=$(mktemp /usr/local/libexec/dvm/.dvm-guest.XXXXXX); trap 'rm -f "$new"' EXIT; \
        head -c "$1" > "$new"; echo "$2  $new" | sha256sum -c --status; chmod 0755 "$new"; mv -f "$new" \(place); trap - EXIT
        """

    /// Installs a copy.
    ///
    /// - Throws: a `Refusal` when the VM cannot be reached, `sudo` is refused in it, or the copy does not arrive.
    func install(_ binary: GuestBinary) throws {
        try checkSudo()
        let checksum = try Checksum.sha256(of: binary.path)
        let file = try FileDescriptor.open(binary.path, .readOnly)
        defer { try? file.close() }
        let words = ["sudo", "-n", "/bin/sh", "-c", Self.script, "dvm-install", String(binary.size), checksum]
        let (exit, complaint) = try run(words, sending: file)
        guard exit == .exited(0) else {
            throw Refusal(
                "the guest program could not be put into the VM (status \(exit.status))\(Self.quote(complaint))",
                hint:
                    "is the VM's disk full? `limactl shell \(vm.instance) df -h` says; then run the same command again"
            )
        }
    }

    /// Whether the control account may become root, told apart from a VM that cannot be reached at all.
    private func checkSudo() throws {
        let (reached, noContact) = try run(["/bin/true"], sending: nil)
        guard reached == .exited(0) else {
            throw Refusal(
                "the VM does not answer (status \(reached.status))\(Self.quote(noContact))",
                hint: "`limactl list` shows its state; `dvm stop \(vm.text)` and `dvm sync \(vm.text)` start it afresh"
            )
        }
        let (allowed, complaint) = try run(["sudo", "-n", "/bin/true"], sending: nil)
        guard allowed == .exited(0) else {
            throw Refusal(
                "sudo is refused to dvm's own account in the VM\(Self.quote(complaint))",
                hint:
                    "the VM's sudo rules were changed; restore the passwordless rule of the user “dvm”, or make the VM anew"
            )
        }
    }

    private static func quote(_ complaint: String) -> String {
        let last = complaint.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        return last.isEmpty ? "" : ": \(last)"
    }

    private func run(_ words: [String], sending file: FileDescriptor?) throws -> (exit: Exit, complaint: String) {
        let command = shell(words)
        let process = try LinkProcess(command)
        var queue = WriteQueue(for: process.input)
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        var complaint: [UInt8] = []
        var outputOpen = true
        var errorsOpen = true
        if file == nil { process.endInput() }
        while outputOpen {
            if let file, process.input != nil, queue.isEmpty {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count > 0 { queue.append(Array(buffer[..<count])) } else { process.endInput() }
            }
            var ready = Readiness()
            ready.read(process.output)
            if errorsOpen { ready.read(process.errors) }
            if let stop { ready.read(stop) }
            if let input = process.input, !queue.isEmpty { ready.write(input) }
            try ready.wait()
            if let stop, ready.canRead(stop) { throw CancellationError() }
            if let input = process.input, !queue.isEmpty, ready.canWrite(input), try queue.flush(to: input) == nil {
                process.endInput()
            }
            if ready.canRead(process.output) {
                outputOpen = try unsafe buffer.withUnsafeMutableBytes { try unsafe process.output.read(into: $0) } > 0
            }
            if errorsOpen, ready.canRead(process.errors) {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe process.errors.read(into: $0) }
                complaint.append(contentsOf: buffer[..<min(count, max(0, 4096 - complaint.count))])
                remark(String(decoding: buffer[..<count], as: UTF8.self))
                errorsOpen = count > 0
            }
        }
        return (process.wait(milliseconds: 30000), String(decoding: complaint, as: UTF8.self))
    }
}
