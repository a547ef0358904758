internal import CLinux
internal import Glibc

/// Attempts on files, by path as an attacker has it.
extension AttackAnswer {
    /// Opens a file and closes it again.
    static func opens(_ path: String, _ flags: Int32 = O_RDONLY) -> Self {
        var file: Int32 = -1
        // Not waiting: a device or FIFO may have nobody at its other end.
        let answer = of {
            file = unsafe open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            return file
        }
        if file >= 0 { close(file) }
        return answer
    }

    /// Reads something from a file; an empty one gives nothing away.
    static func reads(_ path: String) -> Self {
        let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { return failed() }
        defer { close(file) }
        var byte: UInt8 = 0
        let count = unsafe read(file, &byte, 1)
        if count < 0 { return failed() }
        return count == 0 ? .refused("empty") : .worked("")
    }

    /// Adds a line to a file, which is made where it is missing.
    static func writes(_ path: String, _ line: String) -> Self {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0o755)
        guard file >= 0 else { return failed() }
        defer { close(file) }
        return unsafe write(file, line + "\n", line.utf8.count + 1) > 0 ? .worked("") : failed()
    }

    /// Makes a directory with everything above it, and adds a line to a file in it.
    static func plants(_ path: String, _ line: String) -> Self {
        let parts = path.split(separator: "/").dropLast()
        for end in parts.indices { unsafe mkdir("/" + parts[...end].joined(separator: "/"), 0o755) }
        return writes(path, line)
    }

    /// Whether a text is in a small file.
    static func finds(_ text: String, in path: String) -> Self {
        let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return failed() }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe read(file, &buffer, buffer.count)
        let found = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).contains(text)
        return found ? .worked("still there") : .refused("not there")
    }

    /// Whether there is anything at a path.
    static func exists(_ path: String) -> Self {
        var status = stat()
        return of { unsafe lstat(path, &status) }
    }

    static func renames(_ old: String, _ new: String) -> Self { of { unsafe rename(old, new) } }

    static func links(_ old: String, _ new: String) -> Self { of { unsafe link(old, new) } }

    /// A file of the attacker's own for the length of an attempt, in the directory for temporary ones or another one.
    static func withFile(in directory: String = "/tmp", _ body: (String) -> Self) -> Self {
        let path = "\(directory)/dvm-attack-\(getpid())"
        let made = writes(path, "own")
        guard made.worked else { return .unclear("no file of its own: \(made.said)") }
        defer { unsafe unlink(path) }
        return body(path)
    }
}
