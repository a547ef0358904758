internal import DVMProtocol

/// What a variable means: how its value becomes part of the settings, and how that part is shown.
struct Field: Sendable {
    /// What a value can depend on beside itself.
    struct Context: Sendable {
        var vm: MachineName
        /// The home of the person on this host, which `~` in a file has become by the time bash hands out the value.
        var home: FilePath
        var environment: HostEnvironment
    }

    /// The part of the settings that a variable is about.
    typealias Place<Value> = any WritableKeyPath<Settings, Value> & Sendable

    /// Takes in a value that is not empty.
    let read: @Sendable (Evaluation.Value, Context, inout Settings) throws(Refusal) -> Void
    /// The value in effect; nothing where there is none.
    let show: @Sendable (Settings) -> Evaluation.Value?

    /// A variable that is a single value.
    static func one<Value>(
        _ place: Place<Value>,
        _ read: @escaping @Sendable (String) throws(Refusal) -> Value,
        show: @escaping @Sendable (Value) -> String?
    ) -> Self {
        Self(
            read: { (value, _, settings) throws(Refusal) in settings[keyPath: place] = try read(try value.single()) },
            show: { show($0[keyPath: place]).map(Evaluation.Value.text) }
        )
    }

    /// A variable that is one of some words.
    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ place: Place<Choice>
    ) -> Self {
        one(place, { (text) throws(Refusal) in try FieldValue.choice(text) }, show: { $0.rawValue })
    }

    /// A variable that is one of some words, or left to somebody else.
    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ place: Place<Choice?>,
        or other: String? = nil
    ) -> Self {
        one(
            place,
            { (text) throws(Refusal) in text == other ? nil : try FieldValue.choice(text, or: other) },
            show: { $0?.rawValue ?? other }
        )
    }

    /// A variable that is 0 or 1.
    static func flag(_ place: Place<Bool>) -> Self {
        one(place, FieldValue.flag, show: { $0 ? "1" : "0" })
    }

    /// A variable that is a list, written as one or as words.
    static func list<Item>(
        _ place: Place<[Item]>,
        _ read: @escaping @Sendable (String, Context) throws(Refusal) -> Item,
        show: @escaping @Sendable (Item) -> String
    ) -> Self {
        Self(
            read: { (value, context, settings) throws(Refusal) in
                settings[keyPath: place] = try value.words.map { word throws(Refusal) in try read(word, context) }
            },
            show: { .list($0[keyPath: place].map(show)) }
        )
    }
}

extension Evaluation.Value {
    /// The value as one text.
    ///
    /// - Throws: a `Refusal` when it is a list.
    func single() throws(Refusal) -> String {
        guard case .text(let text) = self else {
            throw Refusal("it is a list", hint: "write one value, without parentheses")
        }
        return text
    }
}
