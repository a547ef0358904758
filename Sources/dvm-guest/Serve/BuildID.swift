internal import DVMProtocol
internal import CLinux
internal import Glibc

/// Which build this is: the identifier the linker made from its contents (`--build-id`), in hexadecimal.
///
/// Read from the program in memory and not from its file, which may have been replaced since.
enum BuildID {
    static let own: String = {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe dvm_build_id(&bytes, bytes.count)
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.prefix(count).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }()
}
