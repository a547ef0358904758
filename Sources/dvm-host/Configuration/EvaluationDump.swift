internal import DVMProtocol

/// The records the driver writes, read one after another.
struct EvaluationDump {
    /// Why there are no variables.
    enum Stop: Error {
        case unknownCommand(device: String, line: String, command: String)
        case unknownRecipe(place: String, Refusal)
        case ended(stages: Int)
    }

    /// The variables after each file.
    private(set) var stages: [Evaluation.Variables] = []
    private(set) var uses: [Evaluation.Use] = []

    private let files: [TrustedFiles.File]
    private let shelf: RecipeShelf
    private var fields: ArraySlice<ArraySlice<UInt8>>

    init(_ bytes: [UInt8], of files: [TrustedFiles.File], shelf: RecipeShelf) {
        self.files = files
        self.shelf = shelf
        fields = bytes.split(separator: 0, omittingEmptySubsequences: false)[...]
    }

    /// Reads everything.
    mutating func read() throws(Stop) {
        while let kind = next() {
            switch kind {
            case "stage": stages.append([:])
            case "text":
                let name = try field()
                set(name, .text(try field()))
            case "list":
                let name = try field()
                guard let count = Int(try field()), (0...fields.count).contains(count) else { throw ended }
                set(name, .list((0..<count).compactMap { _ in next() }))
            case "use":
                let place = (device: try field(), line: try field())
                try take(use: try field(), place)
            case "unknown":
                throw .unknownCommand(device: try field(), line: try field(), command: try field())
            case "end" where stages.count == files.count: return
            default: throw ended
            }
        }
        throw ended
    }

    private mutating func take(use recipe: String, _ place: (device: String, line: String)) throws(Stop) {
        let path = Evaluation.file(at: place.device, among: files)?.path
        let shown = "\(path?.shown ?? "the configuration"):\(place.line.printable)"
        guard !recipe.isEmpty else {
            let hint = "write the names of recipes after it; `dvm recipes` lists them"
            throw .unknownRecipe(place: shown, Refusal("`use` names no recipe", hint: hint))
        }
        guard let name = try? RecipeName(recipe), shelf.holds(name) else {
            throw .unknownRecipe(place: shown, shelf.unknown(recipe))
        }
        guard let path, let line = Int(place.line) else { return }
        uses.append(Evaluation.Use(recipe: recipe, path: path, line: line))
    }

    private mutating func set(_ name: String, _ value: Evaluation.Value) {
        guard !stages.isEmpty else { return }
        stages[stages.count - 1][name] = value
    }

    private var ended: Stop { .ended(stages: stages.count) }

    private mutating func field() throws(Stop) -> String {
        guard let field = next() else { throw ended }
        return field
    }

    private mutating func next() -> String? { fields.popFirst().map { String(decoding: $0, as: UTF8.self) } }
}

extension EvaluationDump.Stop {
    /// The words for it.
    func refusal(_ files: [TrustedFiles.File], exit: Exit, printed: [String]) -> Refusal {
        switch self {
        case .unknownCommand(let device, let line, let command):
            let file = Evaluation.file(at: device, among: files)?.path.shown
            let word = command.split(separator: " ").first.map(String.init) ?? command
            return Refusal(
                "\(file ?? "the configuration"):\(line.printable): there is no command “\(word.printable)”",
                hint: "correct the name, or define it as a function in config.sh"
            )
        case .unknownRecipe(let place, let refusal):
            return Refusal("\(place): \(refusal.message)", hint: refusal.hint)
        case .ended(let stages):
            let file = stages < files.count ? files[stages].path.shown : "the configuration"
            let last = printed.last.map { "\n\($0)" } ?? ""
            let isUnbound = printed.last?.hasSuffix("unbound variable") == true
            return Refusal(
                "\(file) ended bash before its last line (status \(exit.status))\(last)",
                hint: isUnbound
                    ? "`set -u` ends bash at what is not set, in old versions also at an empty list: take it out, or "
                        + "write “${NAME-}”, and “${LIST[@]-}” for a list"
                    : "take out `exit`, or the `set -e` under which a command failed"
            )
        }
    }
}
