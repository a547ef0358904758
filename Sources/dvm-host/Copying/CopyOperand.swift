internal import DVMProtocol

/// What stands on the command line for a source or a destination.
enum CopyOperand: Hashable {
    /// A path on this computer.
    case local(RawPath)
    /// A path in a VM.
    case guest(MachineName, RawPath)
    /// Standard input or output.
    case stream

    /// Reads an operand: `<vm>:<path>`, a path, or a hyphen.
    ///
    /// A path with a slash before its first colon is one of this computer. Without a slash, what stands before the colon
    /// must name a VM: a misspelt name would otherwise become a file.
    ///
    /// - Throws: a `Refusal` that says how to write it.
    init(_ text: String) throws(Refusal) {
        guard !text.isEmpty else {
            throw Refusal(
                "one of the paths is empty",
                hint: "write . for the directory you are in, and app: for the code directory"
            )
        }
        if text == "-" {
            self = .stream
            return
        }
        let path = RawPath(text)
        try path.check()
        guard let colon = path.bytes.firstIndex(of: UInt8(ascii: ":")),
            !path.bytes[..<colon].contains(UInt8(ascii: "/"))
        else {
            self = .local(path)
            return
        }
        let name = String(decoding: path.bytes[..<colon], as: UTF8.self)
        do throws(Refusal) {
            self = .guest(try MachineName(name), RawPath(path.bytes[(colon + 1)...]))
        } catch {
            throw Refusal(
                error.message,
                hint: "write ./\(path.shown) for a file of this computer; a path in a VM is <vm>:<path>"
            )
        }
    }
}

/// What is copied where: all sources on one side, the destination on the other, one VM.
struct CopyPlan: Hashable {
    enum Direction: Hashable {
        /// From this computer: paths and standard input.
        case toGuest([CopyOperand], RawPath)
        /// From the VM, to a path or standard output.
        case fromGuest([RawPath], CopyOperand)
    }

    var vm: MachineName
    var direction: Direction

    /// Reads the operands of `cp`, the last of which is the destination.
    ///
    /// - Throws: a `Refusal` that says what is wrong with them.
    init(_ texts: [String]) throws(Refusal) {
        guard texts.count >= 2, let last = texts.last else {
            throw Refusal("a copy needs a source and a destination", hint: "such as `dvm cp notes.txt app:`")
        }
        var sources: [CopyOperand] = []
        for text in texts.dropLast() { sources.append(try CopyOperand(text)) }
        guard sources.count <= CopyRequest.mostSources else {
            throw Refusal("\(sources.count) sources for one copy", hint: "copy the directory they are in, with -r")
        }
        let example = "`dvm cp -r app:docs .` copies out of a VM, `dvm cp -r docs app:` into it"
        switch try CopyOperand(last) {
        case .guest(let vm, let path):
            for case .guest in sources {
                throw Refusal("a source and the destination are both in a VM", hint: "copy in two steps: \(example)")
            }
            guard sources.filter({ $0 == .stream }).isEmpty || sources.count == 1 else {
                throw Refusal("standard input can be the only source only")
            }
            self.vm = vm
            direction = .toGuest(sources, path)
        case let destination:
            var paths: [RawPath] = []
            var names: Set<MachineName> = []
            for case .guest(let name, let path) in sources {
                paths.append(path)
                names.insert(name)
            }
            guard !paths.isEmpty else {
                throw Refusal("none of these paths is in a VM", hint: "a path in a VM is <vm>:<path>; \(example)")
            }
            guard let vm = names.first, names.count == 1, paths.count == sources.count else {
                throw Refusal(
                    names.count > 1 ? "the sources are in several VMs" : "some sources are in a VM and some are not",
                    hint: "copy from one at a time"
                )
            }
            guard destination != .stream || paths.count == 1 else {
                throw Refusal("standard output takes one file")
            }
            self.vm = vm
            direction = .fromGuest(paths, destination)
        }
    }
}
