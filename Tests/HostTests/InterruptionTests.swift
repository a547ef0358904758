import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A signal while VMs are changed` {
    /// dvm-behaviour.md §22 #5: the lock was let go while what worked on the VM went on.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `ends what is under way, which is waited for`(number: Int32) async {
        await #expect(processExitsWith: .success) { [number] in
            signal(number, SIG_DFL)
            var ended = false
            do {
                try await Interruption.guarding { interruption in
                    kill(getpid(), number)
                    do {
                        try await Task.sleep(for: .seconds(60))
                    } catch {
                        // Whatever ends in its own time, such as `limactl`.
                        await Task { try? await Task.sleep(for: .milliseconds(200)) }.value
                        var ready = Readiness()
                        ready.read(interruption.reader)
                        try ready.wait(milliseconds: 0)
                        #expect(ready.canRead(interruption.reader))
                        throw error
                    }
                }
            } catch let interrupted as Interrupted {
                ended = interrupted == Interrupted(signal: number)
            }
            #expect(ended)
        }
    }

    /// What puts the cursor back handles signals, too.
    @Test func `is noticed where a line was drawn before, and one drawn after it puts the cursor back`() async throws {
        let result = try await #require(processExitsWith: .signal(SIGINT), observing: [\.standardErrorContent]) {
            signal(SIGINT, SIG_DFL)
            Cursor.hide()
            Cursor.show()
            await #expect(throws: Interrupted(signal: SIGINT)) {
                try await Interruption.guarding { _ in
                    kill(getpid(), SIGINT)
                    try await Task.sleep(for: .seconds(60))
                }
            }
            Cursor.hide()
            kill(getpid(), SIGINT)
            while true { pause() }
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).hasSuffix("\u{1B}[?25l\u{1B}[?25h"))
    }

    @Test func `covers what is done within once`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGTERM, SIG_DFL)
            await #expect(throws: Interrupted(signal: SIGTERM, note: "outer")) {
                try await Interruption.covering(saying: "outer") {
                    try await Interruption.covering(saying: "inner") {
                        kill(getpid(), SIGTERM)
                        try await Task.sleep(for: .seconds(60))
                    }
                }
            }
            #expect(Interruption.current == nil)
            // The next to watch hears signals, whatever is left of the last.
            let pipe = try SignalPipe(watching: [SIGTERM])
            kill(getpid(), SIGTERM)
            // Another thread may be the one that takes it.
            var ready = Readiness()
            ready.read(pipe.reader)
            try ready.wait(milliseconds: 10_000)
            let heard = pipe.read()
            #expect(heard == [SIGTERM])
        }
    }

    @Test func `does not end what has ended by itself`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGINT, SIG_DFL)
            let value = try await Interruption.guarding { interruption in
                kill(getpid(), SIGINT)
                var ready = Readiness()
                ready.read(interruption.reader)
                try ready.wait()
                return 42
            }
            #expect(value == 42)
            // And afterwards it is nobody's.
            await #expect(throws: Refusal("no")) { try await Interruption.guarding { _ in throw Refusal("no") } }
        }
    }

    @Test func `ends dvm at once when it comes again and again`() async {
        await #expect(processExitsWith: .exitCode(130)) {
            signal(SIGINT, SIG_DFL)
            try await Interruption.guarding { _ in
                for _ in 0..<3 {
                    kill(getpid(), SIGINT)
                    await Task { try? await Task.sleep(for: .milliseconds(100)) }.value
                }
                await Task { try? await Task.sleep(for: .seconds(60)) }.value
            }
        }
    }
}

@Suite struct `A door that lets one through at a time` {
    @Test func `does so, in order, also when somebody gives up`() async throws {
        let gate = Gate()
        let (stream, sink) = AsyncStream.makeStream(of: Int.self)
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await gate.pass {
                sink.yield(1)
                for await _ in opened { break }
                sink.yield(2)
            }
        }
        var seen = stream.makeAsyncIterator()
        #expect(await seen.next() == 1)
        let second = Task { try await gate.pass { _ = sink.yield(99) } }
        let third = Task {
            // After the second one.
            try await Task.sleep(for: .milliseconds(100))
            try await gate.pass { _ = sink.yield(3) }
        }
        try await Task.sleep(for: .milliseconds(300))
        second.cancel()
        open.yield()
        #expect(await seen.next() == 2)
        #expect(await seen.next() == 3)
        try await first.value
        try await third.value
        await #expect(throws: CancellationError.self) { try await second.value }
    }
}
