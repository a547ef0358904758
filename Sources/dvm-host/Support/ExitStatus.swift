internal import ArgumentParser
internal import DVMProtocol

/// What dvm ends with: every exit status is decided here.
enum ExitStatus {
    /// All went well.
    static let success: Int32 = 0
    /// dvm would not or could not.
    static let refused: Int32 = 1
    /// The command line made no sense (`EX_USAGE` of sysexits.h).
    static let usage: Int32 = 64

    /// Ends the process.
    static func leave(with status: Int32) -> Never { exit(status) }

    /// The status for what ended a command.
    static func of(_ error: any Error) -> Int32 {
        switch error {
        case let ended as ProgramEnded: ended.exit.status
        case is UsageRefusal: usage
        case is Refusal, is Failed: refused
        case let interrupted as Interrupted: 128 + interrupted.signal
        // What a shell shows for a program that Ctrl-C ended.
        case is CancellationError: 128 + SIGINT
        default:
            // Asking for help ends well; what else ArgumentParser throws is about the command line.
            Host.exitCode(for: error).isSuccess ? success : (error.isAboutUsage ? usage : refused)
        }
    }
}

/// A program in the VM ended; its status becomes ours and nothing is printed.
struct ProgramEnded: Error, Equatable {
    var exit: Exit
}

/// A refusal of what was typed.
struct UsageRefusal: Error, Equatable {
    var refusal: Refusal
}

/// The command has said everything itself, and it did not go well.
struct Failed: Error, Equatable {}

extension Error {
    fileprivate var isAboutUsage: Bool { Host.exitCode(for: self) == .validationFailure }
}
