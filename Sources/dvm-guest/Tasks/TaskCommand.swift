internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest task`: a process of its own for one task, so that `serve` never waits for a package manager.
struct Task: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do what dvm on the host asked for",
        shouldDisplay: false
    )

    func run() throws {
        let report = ReportStream.inherited
        let task = try report.order(GuestTask.self)
        // Whatever a task starts has no part in the conversation.
        _ = fcntl(report.descriptor.rawValue, F_SETFD, FD_CLOEXEC)
        do throws(Refusal) {
            let progress = { (step: String) in
                if let frame = try? Frame(.progress, channel: 0, json: Progress(step: step)) { report.send(frame) }
            }
            let result: any Encodable =
                switch task {
                case .provision(let plan):
                    try SetUpLock.hold(for: "accounts and directories") { () throws(Refusal) in
                        try Provisioning(plan).run(progress)
                    }
                case .renewIdentity(let renewal): try renewal.run(progress)
                case .doctor: Diagnosis.run()
                case .selfTest: try SelfTest.run(progress)
                case .remoteLogin: try RemoteLoginRule.look()
                case .ports: try PortTask.list()
                case .work: try WorkReport.make()
                case .review(let request): try ReviewOrder.perform(request)
                case .activity(let services): try Activity.look(services: services)
                case .sshKeys(let request): try KeyOrder.perform(.ssh(request), as: SSHKeys.self)
                case .gpgKey: try KeyOrder.perform(.gpg, as: GPGKey.self)
                case .sessions(let ended): try SessionTasks.list(ended: ended)
                case .sessionReport(let session): try SessionTasks.report(session)
                case .endSession(let session): try SessionTasks.end(session)
                case .answerSignIn(let answer): try SignInHandOver(answer).run()
                case .unit(let unit): try UnitRun(unit: unit, report: report).run()
                case .unitRecords: UnitRecords().all()
                case .clone(let repository): try Cloning(repository: repository, report: report).run()
                case .settle(let settle):
                    try SetUpLock.hold(for: "what comes after the recipes") { () throws(Refusal) in
                        try Settling(settle: settle).run(progress)
                    }
                // Another process is that end.
                case .copy: throw ReportStream.notForPeople
                }
            report.send(try Frame(.result, channel: 0, json: result))
        } catch {
            report.refuse(error)
            throw ExitCode(1)
        }
    }
}
