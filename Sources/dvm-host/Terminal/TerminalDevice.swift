internal import DVMProtocol

/// What the kernel knows of a terminal.
enum TerminalDevice {
    /// Whether a descriptor is a terminal.
    static func isTerminal(_ descriptor: FileDescriptor) -> Bool { isatty(descriptor.rawValue) == 1 }

    /// A way of our own to write to a terminal, which never waits for it; nothing where it cannot be had.
    ///
    /// Not waiting is a matter of all who share an open file, and the shell is one of those.
    static func opened(_ descriptor: FileDescriptor) -> FileDescriptor? {
        guard isTerminal(descriptor), let name = unsafe ttyname(descriptor.rawValue) else { return nil }
        let options = FileDescriptor.OpenOptions(rawValue: O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        let path = unsafe FilePath(platformString: name)
        guard let opened = try? FileDescriptor.open(path, .writeOnly, options: options) else { return nil }
        guard opened.rawValue < Readiness.limit else {
            try? opened.close()
            return nil
        }
        return opened
    }

    /// The size of a terminal; nothing when it is none, or does not know.
    static func size(of descriptor: FileDescriptor) -> TerminalSize? {
        var size = winsize()
        guard unsafe ioctl(descriptor.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return TerminalSize(columns: size.ws_col, rows: size.ws_row, width: size.ws_xpixel, height: size.ws_ypixel)
    }
}
