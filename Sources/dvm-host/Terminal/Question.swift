internal import DVMProtocol

/// A question to the person at the terminal, who may take their time.
enum Question {
    /// Whether there is somebody to be asked.
    static var canBeAsked: Bool {
        TerminalDevice.isTerminal(.standardInput) && TerminalDevice.isTerminal(.standardError)
    }

    /// Says something and waits for Enter; what was typed before it was said is no answer.
    ///
    /// - Returns: false when nobody is there any more.
    /// - Throws: `CancellationError` when waiting is given up.
    static func waitForEnter(_ text: String) async throws -> Bool { try await line(after: text) != nil }

    /// Asks for a `y`; anything else means no, as does nobody being there any more.
    ///
    /// - Throws: `CancellationError` when waiting is given up.
    static func confirm(_ text: String) async throws -> Bool {
        guard let typed = try await line(after: text) else { return false }
        return ["y", "yes"].contains(String(decoding: typed, as: UTF8.self).lowercased())
    }

    /// A line as it was typed, without its end; nothing when nobody is there any more.
    private static func line(after text: String) async throws -> [UInt8]? {
        _ = tcflush(FileDescriptor.standardInput.rawValue, TCIFLUSH)
        Output.say(text)
        while true {
            try await Task.sleep(for: .milliseconds(50))
            var ready = Readiness()
            ready.read(.standardInput)
            try ready.wait(milliseconds: 0)
            guard ready.canRead(.standardInput) else { continue }
            // A terminal hands over whole lines, and nothing when it is gone.
            let typed = (try? Files.readOnce(.standardInput)) ?? []
            guard !typed.isEmpty else { return nil }
            if let end = typed.firstIndex(of: UInt8(ascii: "\n")) { return Array(typed[..<end]) }
        }
    }
}
