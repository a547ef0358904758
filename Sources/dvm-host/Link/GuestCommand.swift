/// A program that reaches a VM: made by Lima/, which alone knows limactl's words; in tests, the guest program itself.
struct GuestCommand: Sendable {
    var executable: FilePath
    var arguments: [String]
    /// Exactly the variables it gets; no key of an AI tool is among them.
    var environment: [String: String]
}
