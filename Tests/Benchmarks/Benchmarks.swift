internal import DVMProtocol

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What `scripts/bench` measures with code of our own.
@main
enum Benchmarks {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "system-calls": print(nanoseconds { _ = getppid() }, nanoseconds(askTerminal))
        case "terminal-filter": print(filtering())
        default: print(coding())
        }
    }

    /// Throughput of the frame coder alone: bytes of payload encoded and decoded again per second.
    private static func coding() -> Double {
        let payload = [UInt8](repeating: 0x2A, count: Frame.largestData)
        let rounds = 32_000
        var decoder = FrameDecoder(from: .guest)
        var wire: [UInt8] = []
        var bytes = 0
        let start = ContinuousClock.now
        for _ in 0..<rounds {
            wire.removeAll(keepingCapacity: true)
            Frame(.output, channel: 1, payload: payload).append(to: &wire)
            decoder.feed(wire[...])
            while let frame = try? decoder.next() { bytes += frame.payload.count }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return Double(bytes) / seconds
    }

    /// Throughput of the terminal's filter on what a compiler prints in colour: bytes per second.
    private static func filtering() -> Double {
        let line =
            "\u{1B}[1msrc/main.c:12:5: \u{1B}[31merror:\u{1B}[0m no member named ‘length’ in a value of this type\r\n"
        let frame = Array(String(repeating: line, count: Frame.largestData / line.utf8.count).utf8)
        var filter = TerminalFilter(titlePrefix: "app: ")
        let rounds = 4_000
        var bytes = 0
        let start = ContinuousClock.now
        for _ in 0..<rounds { bytes += filter.pass(frame).count }
        return Double(bytes) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// How much of a processor's time a system call takes, in nanoseconds; what other programs take is not in it.
    private static func nanoseconds(_ call: () -> Void) -> Double {
        let rounds = 500_000
        let start = clock()
        for _ in 0..<rounds { call() }
        return Double(clock() - start) / Double(CLOCKS_PER_SEC) / Double(rounds) * 1e9
    }

    /// An ioctl(2) that fails on anything but a terminal.
    private static func askTerminal() {
        var settings = termios()
        _ = unsafe tcgetattr(0, &settings)
    }
}
