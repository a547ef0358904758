import DVMProtocol
import Testing

@testable import dvm_host

@Suite struct `A terminal in raw mode` {
    /// Both ends of a new terminal.
    private static func terminal() throws -> (outside: FileDescriptor, inside: FileDescriptor) {
        var outside: Int32 = -1
        var inside: Int32 = -1
        try #require(unsafe openpty(&outside, &inside, nil, nil, nil) == 0)
        return (FileDescriptor(rawValue: outside), FileDescriptor(rawValue: inside))
    }

    /// Whether a terminal echoes and waits for whole lines.
    private static func isOrdinary(_ descriptor: FileDescriptor) throws -> Bool {
        var mode = termios()
        try #require(unsafe tcgetattr(descriptor.rawValue, &mode) == 0)
        return mode.c_lflag & tcflag_t(ECHO | ICANON | ISIG) == tcflag_t(ECHO | ICANON | ISIG)
    }

    // What is to be undone is one per process, hence the exit tests.

    @Test func `is put back, and only once`() async {
        await #expect(processExitsWith: .success) {
            let (_, inside) = try Self.terminal()
            let raw = try RawMode.enter(inside)
            let isOrdinary = try Self.isOrdinary(inside)
            try #require(!isOrdinary)
            #expect(throws: Refusal.self) { try RawMode.enter(inside) }

            raw.restore()
            #expect(try Self.isOrdinary(inside))

            let again = try RawMode.enter(inside)
            again.restore()
            again.restore()
            #expect(try Self.isOrdinary(inside))
        }
    }

    @Test func `needs a terminal`() async {
        await #expect(processExitsWith: .success) {
            let file = try FileDescriptor.open(FilePath("/dev/null"), .readOnly)
            #expect(throws: Refusal.self) { try RawMode.enter(file) }
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGSEGV])
    func `is put back when a signal ends dvm, which then ends by that signal`(number: Int32) async throws {
        let (outside, inside) = try Self.terminal()
        defer { try? outside.close() }
        let path = unsafe String(cString: try #require(ttyname(inside.rawValue)))
        await #expect(processExitsWith: .signal(number)) { [number = number as Int32, path = path as String] in
            let inside = try FileDescriptor.open(FilePath(path), .readWrite, options: [.noFollow])
            _ = dup2(inside.rawValue, 2)
            _ = try RawMode.enter(inside)
            Cursor.hide()
            kill(getpid(), number)
            while true { pause() }
        }
        #expect(try Self.isOrdinary(inside))

        let shown = try Files.readOnce(outside)
        #expect(String(decoding: shown, as: UTF8.self) == "\u{1B}[?25l\u{1B}[?25h")
    }
}

extension Files {
    /// What a terminal has to give now.
    fileprivate static func readOnce(_ descriptor: FileDescriptor) throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = unsafe try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
