internal import DVMProtocol

// Values about the system in the VM.
extension FieldValue {
    static func user(_ text: String) throws(Refusal) -> String {
        try AccountName.check(text)
        return text
    }

    static func loginShell(_ text: String) throws(Refusal) -> String {
        try Settle.checkShell(text)
        return text
    }

    static func subordinates(_ text: String) throws(Refusal) -> Int {
        let most = SystemOptions.SubordinateIDs.most
        guard let count = number(text), (0...most).contains(count) else {
            throw Refusal(
                "it is not a number of ids",
                hint: "write a number such as 65536, at most \(most), or 0 for none"
            )
        }
        return count
    }

    static func timeZone(_ text: String) throws(Refusal) -> String {
        try SystemOptions.checkTimeZone(text)
        return text
    }

    static func locale(_ text: String) throws(Refusal) -> String {
        try SystemOptions.checkLocale(text)
        return text
    }

    /// Reads `0`, a size, `zram` or `zram:<size>`.
    ///
    /// Without a size, as much memory is compressed as the VM has, at most 8 GiB: what Fedora does.
    static func swap(_ text: String, memory: MemorySize) throws(Refusal) -> SystemOptions.Swap {
        let sizes = SystemOptions.Swap.sizes
        func mebibytes(_ size: MemorySize) throws(Refusal) -> Int {
            guard sizes.contains(size.mebibytes) else {
                throw Refusal(
                    "it is no size for swap",
                    hint:
                        "write a size from \(sizes.lowerBound)MiB to \(sizes.upperBound / 1024)GiB, zram, or 0 for none"
                )
            }
            return size.mebibytes
        }
        if text == "0" { return .none }
        if text == "zram" { return .zram(mebibytes: try mebibytes(min(memory, .gibibytes(8)))) }
        if text.hasPrefix("zram:") { return .zram(mebibytes: try mebibytes(try MemorySize(String(text.dropFirst(5))))) }
        return .file(mebibytes: try mebibytes(try MemorySize(text)))
    }

    /// How swap is written.
    static func text(of swap: SystemOptions.Swap) -> String {
        switch swap {
        case .none: "0"
        case .file(let size): "\(MemorySize(mebibytes: size))"
        case .zram(let size): "zram:\(MemorySize(mebibytes: size))"
        }
    }

    static func repository(_ text: String) throws(Refusal) -> Repository {
        let repository = Repository(address: text)
        try repository.check()
        return repository
    }

    /// Reads a name or an address that commits are by.
    static func identity(_ text: String) throws(Refusal) -> String {
        try GitIdentity(name: text).check()
        return text
    }

    static func address(_ text: String) throws(Refusal) -> String {
        guard LocalPort.isAddress(text) else {
            throw Refusal(
                "it is not an address of this host",
                hint: "write one such as \(PortForward.loopback), or 0.0.0.0 for all; names do not count"
            )
        }
        return text
    }
}
