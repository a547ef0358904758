internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest copy`: a fresh process that becomes whoever files are of, and is the guest's end of a copy.
///
/// Root reads and writes none of these files, and walks through no directory that others can change.
struct CopyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: CopyOrder.commandName,
        abstract: "Copy files as their owner",
        discussion: "Started by dvm-guest serve with the order on descriptor 3; not of use by hand.",
        shouldDisplay: false
    )

    func run() {
        let report = ReportStream.inherited
        do throws(Refusal) {
            let order = try report.order(CopyOrder.self)
            try Descriptors.closeOnExec(from: 3)
            // The end of the link: its streams end too, which it notices.
            signal(SIGHUP, SIG_IGN)
            signal(SIGPIPE, SIG_IGN)
            // A file that may not become so long is told of.
            signal(SIGXFSZ, SIG_IGN)
            Session.setFileMask()
            try Capabilities.dropBoundingAndAmbient()
            try Identity.become(uid: order.uid, gid: order.gid, groups: order.groups)
            try Capabilities.neverRegain()
            report.send(try Frame(.result, channel: 0, json: CopyWork.run(order)))
        } catch {
            report.refuse(error)
            Glibc.exit(1)
        }
    }
}
