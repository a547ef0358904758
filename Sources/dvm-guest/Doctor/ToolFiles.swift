internal import DVMProtocol

/// The programs of the AI tools with everything they load: nobody but root may have a part in it.
///
/// A package that was unpacked with the owners it was packed with leaves files to whoever has that number here.
struct ToolFiles {
    static let directory: FilePath = "/usr/local/libexec/dvm/tools"

    private let top: FilePath
    private var room = 500_000

    private init(_ top: FilePath) { self.top = top }

    /// The check; nothing where no tool is installed.
    ///
    /// Only directories that are root's alone are gone into, so that it is root's own tree that root walks over.
    static func check(_ top: FilePath = directory) -> DoctorReport.Check? {
        let name = "files of the tools"
        guard Status.of(top) != nil else { return nil }
        do throws(Refusal) {
            let directory = try Directories.openOwned(top, by: 0)
            var walk = Self(top)
            let device = try Status.of(directory.raw, called: "\(top)").device
            let fault = try walk.fault(in: directory, called: top, on: device, depth: 0)
            if let fault { throw Refusal(fault, hint: "install the tool again, as root and with `--no-same-owner`") }
            return DoctorReport.Check(name, .pass, "root's, all of them")
        } catch {
            return Diagnosis.failed(name, error)
        }
    }

    private mutating func fault(
        in directory: borrowing OwnedDescriptor,
        called path: FilePath,
        on device: UInt64,
        depth: Int
    ) throws(Refusal) -> String? {
        if let fault = Self.fault(try Status.of(directory.raw, called: "\(path)"), path) { return fault }
        guard depth < 64, let entries = ProjectTree.entries(directory, within: &room) else {
            return "\(path) cannot be looked through whole"
        }
        for entry in entries {
            let place = path.appending(String(decoding: entry.name, as: UTF8.self))
            if entry.kind == .directory {
                guard let next = ProjectTree.enter(entry.name, of: directory, on: device) else {
                    return "\(place) cannot be looked into, or is on another disk"
                }
                if let fault = try fault(in: next, called: place, on: device, depth: depth + 1) { return fault }
            } else if let status = Status.of(entry.name, in: directory.raw), let fault = Self.fault(status, place) {
                return fault
            }
        }
        return nil
    }

    /// What is wrong with the owner and mode of something.
    static func fault(_ status: Status, _ path: FilePath) -> String? {
        guard status.uid == 0 else { return "\(path) belongs to uid \(status.uid)" }
        // A link's own mode means nothing.
        guard !status.isSymbolicLink else { return nil }
        guard !status.isWritableByOthers else { return "\(path) can be changed by others than root" }
        return status.isRegular && status.mode & 0o6000 != 0 ? "\(path) gives root's rights to whoever runs it" : nil
    }
}
