internal import DVMProtocol

/// How much room a VM takes on this computer.
enum DiskUse {
    /// The bytes that the files of an instance's directory take; nothing when there is none.
    ///
    /// A file with another name elsewhere is not counted: removing the VM would not free it.
    static func bytes(in directory: FilePath) -> Int? {
        guard Files.exists(directory) else { return nil }
        return Files.names(in: directory).reduce(0) { sum, name in
            guard let status = try? FileStatus(ofLink: directory.appending(name)), status.kind == .file,
                status.links == 1
            else { return sum }
            return sum + status.allocated
        }
    }

    /// A number of bytes in whole GiB or MiB, or GiB with one digit below ten.
    static func text(_ bytes: Int) -> String {
        let mebibytes = bytes >> 20
        guard mebibytes >= 1024 else { return "\(mebibytes)MiB" }
        let tenths = bytes / ((1 << 30) / 10)
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)GiB" : "\(tenths / 10)GiB"
    }
}
