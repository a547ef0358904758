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

extension Unicode.Scalar {
    fileprivate var shown: [Unicode.Scalar] {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            Array("\\u{\(String(value, radix: 16))}".unicodeScalars)
        default: [self]
        }
    }
}
