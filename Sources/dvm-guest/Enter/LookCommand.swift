internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest look`: a fresh process that becomes a project's owner and looks through the project.
///
/// The project is its standard input, pinned by whoever started it. Root does not walk a tree that others write.
struct Look: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look through a project as its owner",
        discussion: "Started by dvm-guest with the order on descriptor 3; not of use by hand.",
        shouldDisplay: false
    )

    func run() {
        let report = ReportStream.inherited
        do throws(Refusal) {
            // Before anything is read: a hostile project is to cost this process and nothing else.
            try OutOfMemory.rejoin()
            try Session.limitMemory(VMSize.read().lookMemory)
            let order = try report.order(LookOrder.self)
            try Descriptors.closeOnExec(from: 3)
            try Capabilities.dropBoundingAndAmbient()
            try Identity.become(uid: order.uid, gid: order.gid, groups: [])
            try Capabilities.neverRegain()
            let tree = ProjectTree(top: .standardInput)
            let answer: (any Encodable)? =
                switch order.task {
                case .survey(let order): Surveyor.survey(tree, order)
                case .inventory(let order): Inventory.take(tree, order)
                case .review(let order): Reviewer.review(tree, order)
                case .work(let order): try WorkCheck.run(order)
                case .keys(let order): try order.run()
                case .changes(let order): try order.run()
                case .denial(let order): order.run()
                }
            if let answer { try Self.write(JSON.encode(answer)) }
        } catch {
            report.refuse(error)
            Glibc.exit(1)
        }
    }

    private static func write(_ bytes: [UInt8]) throws(Refusal) {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
            throw Refusal("the answer cannot be written: \(error)")
        }
    }
}
