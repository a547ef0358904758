internal import DVMProtocol
internal import Glibc

/// Runs a C call that answers -1 on failure, again when a signal interrupted it.
///
/// - Throws: a `Refusal` that says what was being done, to which thing, and what the kernel answered.
@discardableResult
func call<Answer: FixedWidthInteger>(_ doing: @autoclosure () -> String, _ body: () -> Answer) throws(Refusal) -> Answer
{
    while true {
        let answer = body()
        guard answer == -1 else { return answer }
        let error = Errno(rawValue: errno)
        guard error == .interrupted else { throw Refusal("\(doing()): \(error)") }
    }
}
