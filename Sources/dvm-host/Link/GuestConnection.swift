internal import DVMProtocol

/// What a connection needs to know of a machine; made by Lima/ so that only Lima/ knows limactl's arguments.
struct GuestCommand: Hashable, Sendable {
    var executable: FilePath
    var arguments: [String]
}

/// Reaches the guest program of a running VM, installing or updating it first when needed.
struct GuestConnection {
    static func open(
        shell: @Sendable ([String]) -> GuestCommand,
        architecture: String,
        vm: MachineName,
        note: (String) -> Void
    ) async throws -> GuestConnection {
        throw Refusal("not linked yet")
    }

    /// What the guest said about itself.
    var welcome: Welcome

    /// Runs a program with this process's terminal or streams; returns how it ended.
    func run(_ program: Program) async throws -> Exit { throw Refusal("not linked yet") }

    /// Runs a task; progress and its output lines are handed on.
    func perform<Result: Decodable>(
        _ task: GuestTask,
        as: Result.Type,
        progress: (Progress) -> Void,
        output: (ArraySlice<UInt8>) -> Void
    ) async throws -> Result { throw Refusal("not linked yet") }

    func close() async {}
}
