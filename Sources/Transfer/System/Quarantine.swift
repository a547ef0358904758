#if canImport(Darwin)
internal import Darwin
#endif

extension OpenFile {
    /// Marks a file as one that came from elsewhere, where the system has such a mark.
    ///
    /// A Mac then asks before it opens a program of this file, as for one that a browser has loaded.
    ///
    /// - Throws: what the file system says that keeps no such mark.
    package func quarantine() throws(Errno) {
        #if canImport(Darwin)
        let value = Array(Self.quarantineMark(at: time(nil)).utf8)
        _ = try Self.answer { unsafe fsetxattr(number, "com.apple.quarantine", value, value.count, 0, 0) }
        #endif
    }

    /// The value of such a mark: flags for a download, the time in seconds since 1970 in hexadecimal, who put it there, and
    /// no event.
    static func quarantineMark(at time: Int) -> String { "0081;\(String(time, radix: 16));dvm;" }
}
