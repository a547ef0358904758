// The C library under its two names. Calls that take pointers stay in four files:
// Support/Files.swift, Support/LocalPort.swift, Terminal/TerminalDevice.swift and Terminal/RawMode.swift.
#if canImport(Darwin)
@_exported public import Darwin
#elseif canImport(Glibc)
@_exported public import Glibc
#endif
