internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Descriptors handed to another process over a socket (unix(7), `SCM_RIGHTS`).
enum DescriptorPassing {
    /// Sends descriptors; the sender keeps its own.
    ///
    /// - Returns: whether there was anyone to send them to.
    static func send(_ descriptors: [FileDescriptor], over socket: FileDescriptor) -> Bool {
        let numbers = descriptors.map(\.rawValue)
        return unsafe dvm_send_descriptors(socket.rawValue, numbers, Int32(numbers.count)) == 0
    }

    /// Receives one descriptor; nothing when the other side is gone or sends something else.
    static func receive(over socket: FileDescriptor) -> OwnedDescriptor? {
        var number: Int32 = -1
        guard unsafe dvm_receive_descriptors(socket.rawValue, &number, 1) == 0 else { return nil }
        return OwnedDescriptor(FileDescriptor(rawValue: number))
    }

    /// Receives descriptors into the places of standard input, output and errors, which they replace.
    ///
    /// - Returns: whether all three came.
    static func receiveStandardStreams(over socket: FileDescriptor) -> Bool {
        var numbers: [Int32] = [-1, -1, -1]
        guard unsafe dvm_receive_descriptors(socket.rawValue, &numbers, 3) == 0 else { return false }
        let streams = numbers.map { SharedDescriptor(OwnedDescriptor(FileDescriptor(rawValue: $0))) }
        return zip(streams, Int32(0)...).allSatisfy { dup2($0.raw.rawValue, $1) == $1 }
    }
}
