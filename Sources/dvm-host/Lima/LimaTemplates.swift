internal import DVMProtocol

/// The templates that this computer's Lima finds by name, looked at in its files: Lima itself is not asked.
struct LimaTemplates: Hashable, Sendable {
    /// Where they are looked for; nothing where that cannot be told.
    let directories: [FilePath]

    /// Those of the `limactl` that these variables mean.
    ///
    /// - Parameters:
    ///   - environment: what dvm was started with.
    ///   - home: Lima's directory, in which a person can have templates.
    init(_ environment: HostEnvironment, home: FilePath) {
        if let path = environment["LIMA_TEMPLATES_PATH"] {
            directories = path.split(separator: ":").map { FilePath(String($0)) }
            return
        }
        let places = (try? Limactl(environment)).map { Self.places(of: $0.executable) } ?? []
        let shared = places.map { $0.appending("../share/lima/templates").lexicallyNormalized() }
        let found = shared.first(where: Files.exists)
        directories = found.map { [home.appending("_templates"), $0] } ?? []
    }

    /// The directories a program is in: that of its link, and of what this leads to.
    private static func places(of program: FilePath) -> [FilePath] {
        var path = program
        var places = [path.removingLastComponent()]
        while places.count < 10, let target = try? Files.target(ofLink: path) {
            path = places[places.count - 1].pushing(target).lexicallyNormalized()
            places.append(path.removingLastComponent())
        }
        return places
    }

    /// Says that there is no such template, and which may have been meant; nothing where there is one, or that cannot be
    /// told.
    func lack(of template: Template) -> String? {
        let start = "template:"
        guard template.base.hasPrefix(start), !directories.isEmpty else { return nil }
        let name = String(template.base.dropFirst(start.count))
        let file = Self.file(name)
        guard !directories.contains(where: { Files.exists($0.appending(file)) }) else { return nil }
        let short = name.hasPrefix(Self.images) ? String(name.dropFirst(Self.images.count)) : name
        let known = directories.flatMap { Files.names(in: $0.appending(Self.images)) }
            .filter { $0.hasSuffix(Self.ending) }.map { String($0.dropLast(Self.ending.count)) }
        // Where there are no images at all, they are kept in another way than is known here.
        guard !known.isEmpty else { return nil }
        let nearest = Suggestion.nearest(to: short, among: known).map { ", did you mean \($0)?" } ?? ""
        return "Lima has no “\(short)”\(nearest.isEmpty ? ": it has \(Self.some(of: known))" : nearest)".printable
    }

    private static let images = "_images/"
    private static let ending = ".yaml"

    /// The file of a template: a name ends in `.yaml`, unless what is behind its last dot is an ending already and no part
    /// of a version.
    private static func file(_ name: String) -> String {
        let last = name.split(separator: "/").last ?? ""
        guard let dot = last.lastIndex(of: "."), let first = last[last.index(after: dot)...].first, !first.isNumber
        else { return name + ending }
        return name
    }

    /// The names of what is used most, or of a few.
    private static func some(of names: [String]) -> String {
        let systems = ["debian", "fedora", "ubuntu"]
        let usual = Set(names).filter { name in systems.contains(where: name.hasPrefix) }.sorted()
        return (usual.isEmpty ? Array(Set(names).sorted().prefix(10)) : usual).joined(separator: ", ")
    }
}
