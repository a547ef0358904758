internal import DVMProtocol

/// What dvm was started with.
enum OwnArguments {
    /// The words after the program's name.
    ///
    /// Swift would put U+FFFD in the place of bytes that are no UTF-8, and so name another file, or start another program
    /// in a VM, than was asked for.
    ///
    /// - Throws: a `UsageRefusal` for such a word.
    static func read() throws(UsageRefusal) -> [String] {
        var words: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = unsafe CommandLine.unsafeArgv[index] else { break }
            guard let text = unsafe String(validatingCString: word) else {
                throw UsageRefusal(
                    refusal: Refusal(
                        "“\(unsafe String(cString: word).printable)” is not UTF-8",
                        hint: "name the directory it is in, as with `dvm cp -r`, or rename it"
                    )
                )
            }
            words.append(text)
        }
        return words
    }
}
