/// The argv that reaches a VM: made by Lima/, which alone knows limactl's; in tests, the guest program itself.
struct GuestCommand: Sendable {
    var executable: FilePath
    var arguments: [String]
}
