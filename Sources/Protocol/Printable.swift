extension String {
    /// The text with everything a terminal would act on made visible.
    ///
    /// Control characters (C0, DEL, C1), the bidirectional overrides and invisible format characters that reorder or
    /// hide text (CVE-2021-42574) become `\u{…}`; line feeds and tabs too, since a name or message is one line.
    public var printable: String { Self(String.UnicodeScalarView(unicodeScalars.flatMap(\.shown))) }

    /// The text with everything a terminal would act on made visible, line feeds and tabs kept.
    public var printableLines: String {
        Self(String.UnicodeScalarView(unicodeScalars.flatMap { $0 == "\n" || $0 == "\t" ? [$0] : $0.shown }))
    }
}

extension String {
    /// JSON with everything a terminal would act on as escapes of JSON's own, so that no value becomes another.
    ///
    /// JSON itself asks for that of C0 only.
    public var printableJSON: String { Self(String.UnicodeScalarView(unicodeScalars.flatMap(\.shownInJSON))) }
}

extension Unicode.Scalar {
    private var isActedOn: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    fileprivate var shown: [Unicode.Scalar] {
        isActedOn ? Array("\\u{\(String(value, radix: 16))}".unicodeScalars) : [self]
    }

    fileprivate var shownInJSON: [Unicode.Scalar] {
        guard isActedOn, self != "\n" else { return [self] }
        // Those beyond the first plane take two, as in UTF-16.
        return String(self).utf16.flatMap { unit in
            let digits = String(unit, radix: 16)
            return "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".unicodeScalars
        }
    }
}
