internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest gate`: a fresh process that is the way out of one session's network namespace.
struct GateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "Let a session reach what it may",
        discussion: "Started by dvm-guest itself with the order on descriptor 3; not of use by hand.",
        shouldDisplay: false
    )

    func run() {
        let report = ReportStream.inherited
        do throws(Refusal) {
            try Self.work(report)
        } catch {
            report.refuse(error)
            Glibc.exit(1)
        }
    }

    private static func work(_ report: ReportStream) throws(Refusal) -> Never {
        let parent = ParentProcess()
        let session = SharedDescriptor(try parent.watch())
        try Descriptors.closeOnExec(from: 3)
        let order = try report.order(GateOrder.self)

        // In the VM: how its network is, and the sockets to hold on to.
        let routes = try KernelFile("/proc/self/net/route")
        let routes6 = try KernelFile.ifPresent("/proc/self/net/ipv6_route")
        let resolvers = Resolvers.read(try TextFile.readIfPresent("/etc/resolv.conf"))
        let near = try GateContext.neighbourhood(routes, routes6)
        let outside = try NetworkNamespace.own()

        // In the session.
        try NetworkNamespace.of(parent).enter()
        guard try NetworkNamespace.own().number() != outside.number() else {
            throw Refusal("the session still has the VM's network")
        }
        let doors = try GateDoors(inside: order, near: near, resolvers: resolvers)
        let maker = doors.served == nil ? nil : SharedDescriptor(try GateUser.socketMaker())

        // In the VM again, as nobody in particular, for good.
        try outside.enter()
        try GateUser.become(developerHome: order.developerHome, parent)
        let context = GateContext(
            rules: DestinationRules(order.network, domains: order.domains),
            journal: GateJournal(log: .standardOutput),
            routes: routes,
            routes6: routes6,
            maker: maker
        )
        report.send(Frame(.opened, channel: 0))
        try Gate(doors, context, session: session, report: report.descriptor).run()
    }
}
