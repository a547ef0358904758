internal import CLinux
internal import Glibc

/// What an attempt came to.
enum AttackAnswer: Hashable, Codable, Sendable {
    /// It worked, or went as far as only what works can go.
    case worked(String)
    /// It was refused: the name of an errno or signal, or a program's status.
    case refused(String)
    /// It ended without saying either.
    case unclear(String)

    var said: String {
        switch self {
        case .worked(let said), .refused(let said), .unclear(let said): said
        }
    }

    var worked: Bool {
        if case .worked = self { true } else { false }
    }
}

extension AttackAnswer {
    /// An argument of a system call: a number with all its bits, or the address of a text.
    enum Argument: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
        case number(UInt64)
        case text(String)

        init(integerLiteral value: Int) { self = .number(UInt64(bitPattern: Int64(value))) }
        init(stringLiteral value: String) { self = .text(value) }
    }

    /// Makes a system call by number.
    ///
    /// `reaching` are refusals that only the call itself gives, to arguments chosen so that it has no effect.
    static func call(_ number: Int, _ arguments: Argument..., reaching: Set<String> = []) -> Self {
        var values: [UInt64] = []
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe []
        for argument in arguments {
            switch argument {
            case .number(let number): values.append(number)
            case .text(let text):
                unsafe texts.append(strdup(text))
                unsafe values.append(UInt64(UInt(bitPattern: texts.last ?? nil)))
            }
        }
        values += Array(repeating: 0, count: 6 - values.count)
        let answer = of(reaching: reaching) {
            dvm_attack_call(number, values[0], values[1], values[2], values[3], values[4], values[5])
        }
        unsafe texts.forEach { unsafe free($0) }
        return answer
    }

    /// The answer of a C call that says -1 and sets errno when it fails.
    static func of<Number: FixedWidthInteger>(reaching: Set<String> = [], _ body: () -> Number) -> Self {
        errno = 0
        return body() == -1 ? failed(reaching: reaching) : .worked("")
    }

    /// What errno says of the call before.
    static func failed(reaching: Set<String> = []) -> Self {
        let name = unsafe String(cString: dvm_error_name(errno))
        return reaching.contains(name) ? .worked(name) : .refused(name)
    }

    /// Works when all do; otherwise the first that does not.
    func then(_ next: () -> Self) -> Self { worked ? next() : self }

    /// Works when any does; otherwise what the first said.
    static func any<Items: Sequence>(of items: Items, _ body: (Items.Element) -> Self) -> Self {
        var first: Self?
        for item in items {
            let answer = body(item)
            if answer.worked { return answer }
            first = first ?? answer
        }
        return first ?? .refused("nothing to try")
    }
}
