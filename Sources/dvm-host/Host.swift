internal import ArgumentParser
internal import DVMProtocol

@main
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvm",
        abstract: "Keep your projects off the laptop, each in a VM of its own"
    )

    static func main() async {
        ExitStatus.leave(with: await run(nil))
    }

    /// Runs a command line, reports what went wrong, and returns the exit status.
    static func run(_ arguments: [String]?) async -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.success
        } catch {
            let status = ExitStatus.of(error)
            if let text = ErrorText.of(error) {
                // Help that was asked for is data; everything else is talk.
                if status == ExitStatus.success {
                    try? Output.print(text.trimmingLastNewline)
                } else {
                    Output.say(text)
                }
            }
            return status
        }
    }

    // Used by ArgumentParser before its own messages, so that they look like ours.
    static var _errorPrefix: String { "dvm: error: " }
}

extension String {
    fileprivate var trimmingLastNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
