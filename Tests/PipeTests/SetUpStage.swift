import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// What sets a VM up, one test after the other: the control groups of units are the machine's, and whoever starts one ends
/// what the last one left.
@Suite(.serialized) struct `Setting a VM up, over pipes` {}

/// A VM and a host that sets it up.
struct SetUpStage {
    let vm: PretendVM
    let client: GuestClient

    init() throws {
        vm = try PretendVM()
        client = try GuestClient(vm)
    }

    /// A digest like any other.
    static let digest = String(repeating: "a1", count: 32)

    /// A unit like any other.
    static func unit(_ script: String, as identity: ProvisionUnit.Identity = .root) -> ProvisionUnit {
        ProvisionUnit(
            name: "stage",
            identity: identity,
            prelude: "",
            script: script,
            digest: digest,
            timeLimit: 120
        )
    }

    /// Runs a task to its end.
    func run(_ task: GuestTask, over other: GuestClient? = nil) throws -> GuestClient.Outcome {
        let client = other ?? client
        return try client.follow(client.open(.task(task)))
    }

    /// What a task came to.
    func result<Value: Decodable>(of outcome: GuestClient.Outcome, as type: Value.Type) throws -> Value {
        guard case .result(let bytes) = outcome.ending else {
            throw Refusal("no result: \(String(describing: outcome.ending)), after: \(outcome.text)")
        }
        return try JSON.decode(type, from: bytes)
    }

    /// Why a task failed.
    func refusal(of outcome: GuestClient.Outcome) throws -> Refusal {
        guard case .refused(let refusal) = outcome.ending else {
            throw Refusal("not refused: \(String(describing: outcome.ending))")
        }
        return refusal
    }

    /// Runs a script in the VM.
    ///
    /// - Returns: what it printed.
    @discardableResult
    func shell(_ script: String, as identity: ProvisionUnit.Identity = .root, over other: GuestClient? = nil) throws
        -> String
    {
        let outcome = try run(.unit(Self.unit(script, as: identity)), over: other)
        _ = try result(of: outcome, as: UnitOutcome.self)
        return outcome.text
    }
}
