internal import DVMProtocol

/// The configuration git would use in a project, read as data with everything it includes, by the files' owner.
struct GitSettings {
    private(set) var settings: [GitConfigText.Setting] = []
    /// Files of the project that are part of it.
    private(set) var included: Set<TreePath> = []

    private let tree: ProjectTree
    private let roots: [String]
    private let home: String
    private var filesLeft = 64

    /// Reads a repository's configuration, and its owner's and the system's, which may name files of the project too.
    init(of repository: TreePath?, in tree: ProjectTree, roots: [String], home: String) {
        self.tree = tree
        self.roots = roots
        self.home = home
        for path in ["/etc/gitconfig", "\(home)/.config/git/config", "\(home)/.gitconfig"] { read(path, depth: 0) }
        guard let repository else { return }
        for name in ["config", "config.worktree"] { read(repository.appending(name), depth: 0) }
        // Known to be the repository's own, and protected as such.
        included.subtract(["config", "config.worktree"].map(repository.appending))
    }

    /// The paths of the project that git runs something from because of these settings: a directory of hooks, programs,
    /// and files that are read as configuration.
    var paths: Set<TreePath> {
        var paths = included
        for setting in settings {
            if setting.key == "core.hookspath" {
                if let path = inProject(setting.value, from: .top), path != .top { paths.insert(path) }
            } else if GitConfigText.namesProgram(setting) {
                for word in GitConfigText.words(ofCommand: setting.value) where word.contains("/") {
                    guard let path = inProject(word, from: .top), tree.status(path)?.isDirectory == false else {
                        continue
                    }
                    paths.insert(path)
                }
            }
        }
        return paths
    }

    private func inProject(_ text: String, from directory: TreePath) -> TreePath? {
        Repositories.resolve(expand(text).utf8, in: directory, roots: roots)
    }

    private func expand(_ text: String) -> String { text.hasPrefix("~/") ? home + text.dropFirst() : text }

    /// The directory of a file, from which the paths in it count.
    private enum Place {
        case project(TreePath)
        case outside(FilePath)
    }

    private mutating func read(_ path: TreePath, depth: Int) {
        // A longer one is not looked at in part: what it means stands at its end.
        guard let bytes = tree.read(path, atMost: 1 << 20), bytes.count == tree.status(path)?.size else { return }
        included.insert(path)
        take(bytes, in: .project(path.parent), depth: depth)
    }

    private mutating func read(_ path: String, depth: Int) {
        // Below these a path means something of this process: its standard input is the project.
        guard !["/proc/", "/dev/", "/sys/"].contains(where: path.hasPrefix),
            Status.of(FilePath(path)) != nil, let bytes = try? TextFile.readBytes(FilePath(path))
        else { return }
        take(bytes, in: .outside(FilePath(path).removingLastComponent()), depth: depth)
    }

    /// Takes a file's settings, and those of the files it includes, under whatever condition.
    private mutating func take(_ bytes: [UInt8], in place: Place, depth: Int) {
        guard depth < 8, let text = GitConfigText(bytes) else { return }
        settings += text.settings
        for setting in text.settings where ["include.path", "includeif.*.path"].contains(setting.kind) {
            filesLeft -= 1
            guard filesLeft > 0 else { return }
            let value = expand(setting.value)
            switch place {
            case .project(let directory):
                if let path = inProject(value, from: directory) {
                    read(path, depth: depth + 1)
                } else if value.hasPrefix("/") {
                    read(value, depth: depth + 1)
                }
            case .outside(let directory):
                if value.hasPrefix("/"), let path = inProject(value, from: .top) {
                    read(path, depth: depth + 1)
                } else {
                    read(value.hasPrefix("/") ? value : "\(directory)/\(value)", depth: depth + 1)
                }
            }
        }
    }
}
