internal import DVMProtocol
internal import Glibc

/// A name being looked up, by a child: the static guest program does not ask the name service itself.
final class NameLookup {
    static let program = "/usr/bin/getent"
    /// Seconds until a lookup is given up.
    static let patience = 15
    /// What a name has at most that is looked at.
    private static let largestAnswer = 64 * 1024

    /// Readable when there is something of the answer.
    let output: OwnedDescriptor
    private let pid: pid_t
    private var waitedFor = false
    private var answer: [UInt8] = []

    /// Starts looking a name up, which must be one by `HostRule.name`.
    init(_ name: String) throws(Refusal) {
        let streams = try Streams.fromChild()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, streams.theirs.raw.rawValue, 1)
        let arguments = ArgumentList(["getent", "ahosts", name])
        let environment = ArgumentList(["PATH=/usr/bin:/bin", "LANG=C.UTF-8"])
        var pid: pid_t = 0
        let error = unsafe posix_spawn(&pid, Self.program, &actions, nil, arguments.pointer, environment.pointer)
        guard error == 0 else { throw Refusal("starting \(Self.program): \(Errno(rawValue: error))") }
        self.pid = pid
        output = try Streams.duplicate(streams.ours.raw)
    }

    deinit {
        guard !waitedFor else { return }
        kill(pid, SIGKILL)
        while waitpid(pid, nil, 0) == -1, errno == EINTR {}
    }

    /// Takes in what there is: nothing until the answer is whole, then the addresses in the order to try them.
    func advance(_ buffer: inout [UInt8]) -> [IPAddress]? {
        switch Reading.from(output.raw, into: &buffer) {
        case .nothing: return nil
        case .bytes(let bytes):
            answer += bytes
            return answer.count > Self.largestAnswer ? [] : nil
        case .end:
            waitedFor = true
            while waitpid(pid, nil, 0) == -1, errno == EINTR {}
            return Self.addresses(String(decoding: answer, as: UTF8.self))
        }
    }

    /// Reads lines of an address, a kind of socket and possibly a name; every address comes once per kind.
    static func addresses(_ text: String) -> [IPAddress] {
        var found: [IPAddress] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let word = line.split(whereSeparator: \.isWhitespace).first, let address = IPAddress(String(word)),
                !found.contains(address)
            else { continue }
            found.append(address)
        }
        return Array(found.prefix(16))
    }
}
