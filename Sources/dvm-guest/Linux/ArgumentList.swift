internal import Glibc

/// Strings as exec wants them: an array of C strings with a null pointer at its end.
///
/// The pointer is valid as long as the value; whoever passes it on keeps the value until the call returns.
@safe struct ArgumentList: ~Copyable {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ words: [String]) {
        count = words.count
        unsafe pointer = .allocate(capacity: count + 1)
        for (index, word) in words.enumerated() { unsafe pointer[index] = unsafe strdup(word) }
        unsafe pointer[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointer[index]) }
        unsafe pointer.deallocate()
    }
}
