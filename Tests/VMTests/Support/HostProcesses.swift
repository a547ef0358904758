import Foundation

/// The processes of this computer, as the kernel shows them.
enum HostProcesses {
    /// The descendants of a process, the farthest first.
    static func descendants(of pid: pid_t) -> [pid_t] {
        let parents = all.reduce(into: [pid_t: [pid_t]]()) { children, child in
            if let parent = parent(of: child) { children[parent, default: []].append(child) }
        }
        func below(_ pid: pid_t) -> [pid_t] { (parents[pid] ?? []).flatMap { below($0) + [$0] } }
        return below(pid)
    }

    /// The processes whose arguments or, where they may be read, environment contain a text.
    static func naming(_ text: String, in file: String) -> [pid_t] {
        all.filter { pid in
            FileManager.default.contents(atPath: "/proc/\(pid)/\(file)")?.range(of: Data(text.utf8)) != nil
        }
    }

    /// The most memory a process has had resident, in KiB.
    static func peakMemory(of pid: pid_t) -> Int? {
        let line = text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.filter(\.isNumber)) }
    }

    private static var all: [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { $0 > 1 }
    }

    /// What a file of the kernel's says; nothing when the process is gone.
    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    private static func parent(of pid: pid_t) -> pid_t? {
        // The name is in parentheses, and may contain anything.
        let fields = text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
        return fields.flatMap { $0.count > 1 ? pid_t($0[1]) : nil }
    }
}
