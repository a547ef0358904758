#if DEBUG
internal import DVMProtocol

/// The Swift runtime of a debug build, which is not static as the program in a VM is: it has to be in the view too.
enum RuntimeLibraries {
    /// A mount of the directory this program loaded the runtime from; nothing when `/usr` has it.
    static func mount() throws(Refusal) -> DetachedMount? {
        let maps = try TextFile.read("/proc/self/maps").split(separator: "\n")
        guard let line = maps.first(where: { $0.hasSuffix("/libswiftCore.so") }), let start = line.firstIndex(of: "/")
        else { return nil }
        let directory = FilePath(String(line[start...])).removingLastComponent().string
        guard !directory.hasPrefix("/usr/") else { return nil }
        return try DetachedMount.of(PinnedDirectory(directory, called: "the Swift runtime"), readOnly: true)
    }
}
#endif
