package import DVMProtocol

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

extension OpenFile {
    /// Reads once, at an offset, or from where a stream is when there is none.
    ///
    /// - Returns: how many bytes there were; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64?) throws(Errno) -> Int {
        try Self.answer {
            if let offset { return unsafe pread(number, buffer.baseAddress, buffer.count, off_t(offset)) }
            return unsafe Self.readOnce(number, buffer)
        }
    }

    private static func readOnce(_ number: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Darwin)
        unsafe Darwin.read(number, buffer.baseAddress, buffer.count)
        #else
        unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
        #endif
    }

    /// Writes all of some bytes, at an offset, or where a stream is when there is none.
    package func write(_ bytes: [UInt8], at offset: UInt64?) throws(Errno) {
        var written = 0
        while written < bytes.count {
            written += try Self.writeOnce(number, bytes[written...], offset.map { $0 + UInt64(written) })
        }
    }

    private static func writeOnce(_ number: Int32, _ bytes: ArraySlice<UInt8>, _ offset: UInt64?) throws(Errno) -> Int {
        try answer {
            unsafe bytes.withUnsafeBytes { bytes in
                if let offset { return unsafe pwrite(number, bytes.baseAddress, bytes.count, off_t(offset)) }
                #if canImport(Darwin)
                return unsafe Darwin.write(number, bytes.baseAddress, bytes.count)
                #else
                return unsafe Glibc.write(number, bytes.baseAddress, bytes.count)
                #endif
            }
        }
    }

    /// Makes a file as long as this.
    package func setSize(_ size: UInt64) throws(Errno) { _ = try Self.answer { ftruncate(number, off_t(size)) } }

    /// Sets mode and time.
    package func setStamp(_ stamp: CopyStamp) throws(Errno) {
        _ = try Self.answer { fchmod(number, mode_t(stamp.mode)) }
        try setTime(stamp)
    }

    /// Sets the mode only.
    package func setMode(_ mode: UInt16) throws(Errno) { _ = try Self.answer { fchmod(number, mode_t(mode)) } }

    /// Sets when it was last changed.
    package func setTime(_ stamp: CopyStamp) throws(Errno) {
        let time = timespec(tv_sec: Int(stamp.seconds), tv_nsec: Int(stamp.nanoseconds))
        // The time of the last access is now: it was written.
        var times = [time, time]
        times[0].tv_nsec = Self.leaveTime
        _ = try Self.answer { unsafe futimens(number, times) }
    }

    // UTIME_OMIT of <sys/stat.h>, which is a macro with a cast on one system.
    #if canImport(Darwin)
    private static let leaveTime = -2
    #else
    private static let leaveTime = (1 << 30) - 2
    #endif

    /// Where the next bytes that are no hole begin, and where they end; nothing when there are none up to the end.
    ///
    /// - Throws: `.invalidArgument` where the file system knows no holes.
    package func extent(from offset: UInt64) throws(Errno) -> Range<UInt64>? {
        do {
            let start = try Self.answer { lseek(number, off_t(offset), Self.seekData) }
            let end = try Self.answer { lseek(number, start, Self.seekHole) }
            return UInt64(start)..<UInt64(max(start, end))
        } catch {
            guard error == .noSuchAddressOrDevice else { throw error }
            return nil
        }
    }

    // SEEK_DATA and SEEK_HOLE: GNU extensions here, and numbered the other way round on a Mac.
    #if canImport(Darwin)
    private static let seekData: Int32 = 4, seekHole: Int32 = 3
    #else
    private static let seekData: Int32 = 3, seekHole: Int32 = 4
    #endif
}
