internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest access`: a process of the files' owner that walks over the project on its standard input.
struct AccessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access",
        abstract: "Change who gets at the files of a project",
        discussion: "Started by dvm-guest itself; not of use by hand.",
        shouldDisplay: false
    )

    @Argument(help: "What to do, as JSON")
    var order: String

    func run() throws {
        let answer: AccessAnswer
        do throws(Refusal) {
            answer = .done(try Self.walk(order))
        } catch {
            answer = .refused(error)
        }
        // The one thing anybody hears from it: without a reader there is nobody to tell.
        _ = try? FileDescriptor.standardOutput.writeAll(JSON.encode(answer))
    }

    private static func walk(_ order: String) throws(Refusal) -> AccessReport {
        guard let order = try? JSON.decode(AccessOrder.self, from: Array(order.utf8)) else {
            throw Refusal("this part of dvm-guest is started by dvm itself")
        }
        // Root's is no project: nothing here is to be done with root's rights.
        guard geteuid() != 0 else { throw Refusal("a project is walked over by the owner of its files, not by root") }
        var walk = try AccessWalk(order)
        try walk.run(.standardInput)
        return walk.report
    }
}
