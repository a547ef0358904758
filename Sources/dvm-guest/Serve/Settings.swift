internal import DVMProtocol

/// What `provision` decided and every later session needs; a file of root's.
struct Settings: Hashable, Codable {
    /// The account people work as.
    var user: String
    /// The absolute path of the project.
    var codeDirectory: String

    static let path: FilePath = "/var/lib/dvm/settings.json"

    /// The settings of this VM.
    ///
    /// - Throws: a `Refusal` when there are none yet, or they cannot be understood.
    static func read() throws(Refusal) -> Self {
        guard Status.of(path) != nil else {
            throw Refusal("this VM has not been set up yet", hint: "run `dvm sync` for it on the host")
        }
        let bytes = try TextFile.readBytes(path)
        guard let settings = try? JSON.decode(Self.self, from: bytes) else {
            throw Refusal("\(path) is damaged", hint: "run `dvm sync` for this VM on the host, which writes it anew")
        }
        return settings
    }
}
