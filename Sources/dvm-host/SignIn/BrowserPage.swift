/// What `dvm` shows a browser: a page of its own words, which can do nothing.
struct BrowserPage: Hashable, Sendable {
    /// As in HTTP.
    var status: Int
    /// In a word or two.
    var title: String
    /// What became of it, in sentences.
    var text: String

    /// The answer was handed to the tool, whatever it makes of it.
    static func handedOn(to tool: String, in vm: String) -> Self {
        Self(
            status: 200,
            title: "Handed on",
            text: "\(tool) in the VM \(vm) has the answer. The terminal says what came of it. This page can be closed."
        )
    }

    /// The tool did not want the answer, or did not get it.
    static func notTaken(by tool: String, in vm: String) -> Self {
        Self(
            status: 502,
            title: "Not taken",
            text: "\(tool) in the VM \(vm) did not take the answer. The terminal says what it wants."
        )
    }

    /// There was an answer already, or too many that were none, or none in time.
    static let over = Self(
        status: 410,
        title: "Over",
        text: "This sign-in takes no answer any more. `dvm ai login` begins another one."
    )

    /// What was asked is not the answer of a sign-in.
    static func refusal(_ status: Int) -> Self {
        Self(
            status: status,
            title: "Not here",
            text: "dvm waits for the answer of a sign-in here, and for nothing else."
        )
    }

    /// The page as a whole reply.
    ///
    /// No script and nothing from elsewhere, whoever finds a way to put something into it.
    var bytes: [UInt8] {
        let body = """
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><title>dvm: \(title)</title>
            <h1>\(title)</h1><p>\(text)</p></html>

            """
        return Array(
            """
            HTTP/1.1 \(status) \(title)\r
            Content-Type: text/html; charset=utf-8\r
            Content-Length: \(body.utf8.count)\r
            Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r
            X-Content-Type-Options: nosniff\r
            Referrer-Policy: no-referrer\r
            Cache-Control: no-store\r
            Connection: close\r
            \r
            \(body)
            """.utf8
        )
    }
}
