internal import DVMProtocol
internal import Subprocess

/// The clipboard of the person's desktop, by the program that writes to it; what differs between systems is here alone.
struct Clipboard: Hashable, Sendable {
    var executable: FilePath
    var arguments: [String]

    /// The clipboard there is.
    ///
    /// - Throws: a `Refusal` when there is none, or no program for it.
    static func find(_ environment: HostEnvironment) throws(Refusal) -> Self {
        #if canImport(Darwin)
        return Self(executable: "/usr/bin/pbcopy", arguments: [])
        #else
        return try find(environment, among: desktopPrograms)
        #endif
    }

    /// A program, and the variable that says that what it speaks to is there.
    struct Program: Hashable, Sendable {
        var variable: String
        var name: String
        var arguments: [String]
    }

    /// What there is for Wayland and for X11, the better one first.
    static let desktopPrograms = [
        Program(variable: "WAYLAND_DISPLAY", name: "wl-copy", arguments: ["--type", "text/plain"]),
        Program(variable: "DISPLAY", name: "xclip", arguments: ["-in", "-selection", "clipboard"]),
        Program(variable: "DISPLAY", name: "xsel", arguments: ["--input", "--clipboard"]),
    ]

    static func find(_ environment: HostEnvironment, among programs: [Program]) throws(Refusal) -> Self {
        let possible = programs.filter { environment[$0.variable] != nil }
        guard !possible.isEmpty else {
            throw Refusal(
                "there is no clipboard here: neither WAYLAND_DISPLAY nor DISPLAY is set",
                hint: "leave out --copy, and copy what is shown"
            )
        }
        for program in possible {
            if let found = environment.find(program: program.name) {
                return Self(executable: found, arguments: program.arguments)
            }
        }
        let names = possible.map(\.name).joined(separator: " or ")
        throw Refusal(
            "no program on PATH writes to the clipboard; \(names) would",
            hint: "install \(possible[0].name == "wl-copy" ? "wl-clipboard" : names), or leave out --copy"
        )
    }

    /// The most time a program gets that only has to take a few bytes.
    private static let patience = Duration.seconds(10)

    /// Puts a line on it, by the program's standard input.
    ///
    /// - Throws: a `Refusal` when it fails.
    func write(_ text: String, environment: [String: String]) async throws {
        let (executable, arguments) = (executable, arguments)
        let exit: Exit
        do {
            // These stay in the background to hand the text out, and keep what they were started with: nothing of ours.
            exit = try await BoundedRun.within(Self.patience) {
                let result = try await run(
                    .path(executable),
                    arguments: Arguments(arguments),
                    environment: .exactly(environment),
                    input: .array(Array(text.utf8)),
                    output: .discarded,
                    error: .discarded
                )
                return Exit(result.terminationStatus)
            }
        } catch let error as SubprocessError {
            throw Refusal("\(executable.shown) cannot be started: \("\(error)".printable)")
        } catch BoundedRun.Failure.tooSlow {
            throw Refusal("\(executable.shown) did not take the text for the clipboard within \(Self.patience)")
        }
        guard exit == .exited(0) else {
            throw Refusal(
                "\(executable.shown) failed with status \(exit.status), so nothing is on the clipboard",
                hint: "leave out --copy, and copy what is shown"
            )
        }
    }
}
