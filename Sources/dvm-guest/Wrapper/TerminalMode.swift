internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The caller's terminal: its size, and raw while a program at the other end has a terminal of its own.
struct TerminalMode {
    private let descriptor: FileDescriptor = .standardInput
    private let usual: termios

    /// The terminal of this process, when both what it reads and what it writes is one.
    static func ofStandardStreams() -> Self? {
        var usual = termios()
        guard isatty(1) == 1, unsafe tcgetattr(0, &usual) == 0 else { return nil }
        return Self(usual: usual)
    }

    private init(usual: termios) { self.usual = usual }

    var size: TerminalSize {
        var size = winsize()
        guard unsafe dvm_get_window_size(descriptor.rawValue, &size) == 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: size.ws_col, rows: size.ws_row, width: size.ws_xpixel, height: size.ws_ypixel)
    }

    /// Lets every key through to the other end.
    func makeRaw() {
        var raw = usual
        unsafe cfmakeraw(&raw)
        _ = unsafe tcsetattr(descriptor.rawValue, TCSADRAIN, &raw)
    }

    /// Puts the terminal back as it was found.
    func restore() {
        var usual = usual
        _ = unsafe tcsetattr(descriptor.rawValue, TCSADRAIN, &usual)
    }
}
