internal import DVMProtocol

/// The guest program of a running VM, reached and of the right build; the link ends with the value.
final class GuestConnection {
    /// What the guest said of itself.
    let welcome: Welcome

    private let link: Link
    private let vm: MachineName
    private let silence: Silence
    private var channels: UInt32 = 0

    private init(_ link: Link, _ welcome: Welcome, vm: MachineName, _ silence: Silence) {
        self.link = link
        self.welcome = welcome
        self.vm = vm
        self.silence = silence
    }

    /// Where to find what a connection is made of.
    struct Route {
        /// Turns words for the VM into the argv that reaches it; the words are always ours, never a user's or a guest's.
        var shell: ([String]) -> GuestCommand
        /// dvm's own executable: beside it are the copies of the guest program.
        var executable: FilePath
        /// Told what is being done and takes long enough to wonder.
        var note: (String) -> Void
        /// Told what the login and limactl print, for `--verbose`.
        var remark: (String) -> Void
        /// Readable when the guest is no longer waited for.
        var stop: FileDescriptor?
        /// How long a guest may say nothing before that is noted.
        var patience = Duration.seconds(30)
        /// Told that the guest program is about to be replaced, with `true`, and that it has been.
        var replacing: (Bool) -> Void = { _ in }
        /// Refuses a guest for what it says of its VM; the guest program may have been replaced before.
        var admit: (Welcome.Facts) throws(Refusal) -> Void = { _ in }
    }

    /// Reaches the guest program of a VM, installing this dvm's copy where it is missing or of another build.
    ///
    /// A contact that was tried already, while other things were looked at, is taken up.
    ///
    /// - Throws: a `Refusal`.
    static func open(
        _ vm: MachineName,
        _ route: Route,
        contacted: Result<GuestConnection, any Error>? = nil,
        architecture: String
    ) throws -> GuestConnection {
        let first = contacted ?? Result { try contact(vm, route) }
        switch first {
        case .success(let connection):
            // A dvm without a copy for it (another machine's, during development) takes the guest as it is.
            guard
                let copy = try? GuestBinary(
                    architecture: connection.welcome.facts.architecture,
                    executable: route.executable
                )
            else {
                return try connection.agreed(route)
            }
            if copy.build == connection.welcome.build { return try connection.agreed(route) }
            route.note("updating the guest program")
            return try install(copy, vm, route)
        case .failure(Link.Failure.noGreeting):
            let copy = try GuestBinary(architecture: architecture, executable: route.executable)
            route.note("installing the guest program")
            return try install(copy, vm, route)
        case .failure(let error):
            throw error
        }
    }

    private static func install(_ copy: GuestBinary, _ vm: MachineName, _ route: Route) throws -> GuestConnection {
        route.replacing(true)
        try GuestInstaller(shell: route.shell, remark: route.remark, stop: route.stop, vm: vm).install(copy)
        route.replacing(false)
        do {
            let connection = try contact(vm, route)
            guard connection.welcome.build == copy.build else {
                throw Refusal(
                    "the guest program in \(vm.text) is still of another build after it was replaced",
                    hint: "is another dvm working on this VM? then use one installation of dvm for it"
                )
            }
            return try connection.agreed(route)
        } catch Link.Failure.noGreeting(let status, let complaint) {
            throw Refusal(
                "the guest program does not start in \(vm.text) (status \(status)): \(complaint.lastLine)",
                hint: "was it built for this architecture? `make install` in dvm's source builds it anew"
            )
        }
    }

    /// The connection, if host and guest have a protocol in common and the VM is the one that was meant; not asked of a
    /// guest that is about to be replaced.
    private func agreed(_ route: Route) throws(Refusal) -> Self {
        _ = try ProtocolVersion.agree(host: ProtocolVersion.spoken, guest: welcome.versions)
        try route.admit(welcome.facts)
        return self
    }

    /// Reaches the guest program as it is.
    ///
    /// - Throws: `Link.Failure.noGreeting` when there is none, or a `Refusal`.
    static func contact(_ vm: MachineName, _ route: Route) throws -> GuestConnection {
        let command = route.shell([GuestInstaller.place, "link"])
        let process = try LinkProcess(command)
        let link = Link(process, until: route.stop, remark: route.remark)
        let silence = Silence(after: route.patience) { route.note(silent(vm, $0)) }
        link.silence = silence
        defer { link.silence = nil }
        link.send(try Frame(.hello, channel: 0, json: Hello(time: WallClock.now)))
        do {
            while true {
                let frames = try link.turn().frames
                if let frame = frames.first {
                    guard frame.kind == .welcome, frame.channel == 0 else {
                        throw ProtocolViolation("a \(frame.kind) frame before the welcome")
                    }
                    guard frames.count == 1 else {
                        throw ProtocolViolation("a \(frames[1].kind) frame before anything was asked")
                    }
                    let welcome = try frame.json(Welcome.self)
                    if let step = welcome.clockStep {
                        // The guest's word: a number of any size.
                        let seconds = Int(min(step.magnitude, 1e9))
                        let side = step > 0 ? "behind" : "ahead"
                        route.note("the clock of \(vm.text) was \(side) by \(seconds) s and has been set")
                    }
                    return GuestConnection(link, welcome, vm: vm, silence)
                }
            }
        } catch Link.Failure.noGreeting(let status, let complaint) {
            throw Link.Failure.noGreeting(status: status, complaint: complaint)
        } catch Link.Failure.lost(let complaint) {
            throw lost(vm, complaint, consequence: "the guest program did not say who it is")
        } catch {
            throw explained(error, vm)
        }
    }

    /// Runs a program with this process's terminal or streams; returns how it ended.
    ///
    /// When it `isRaw`, everything the program writes acts on the terminal. A sign-in may have a `door` for the browser.
    ///
    /// - Throws: the guest's `Refusal`, or one that says what was lost with the link.
    func run(_ program: Program, isRaw: Bool, door: SignInDoor? = nil) throws -> ProgramSession.Outcome {
        channels += 1
        // The door's conversations are on this link too.
        defer { channels = max(channels, door?.newest ?? 0) }
        return try follow(
            ProgramSession(program, channel: channels, link: link, vm: vm.text, isRaw: isRaw, door: door),
            afterLoss: program.afterLoss
        )
    }

    /// Takes up a session that was left running, with this process's terminal or streams.
    ///
    /// - Throws: the guest's `Refusal`, or one that says what was lost with the link.
    func attach(_ attachment: Attachment, isRaw: Bool) throws -> ProgramSession.Outcome {
        channels += 1
        return try follow(
            ProgramSession(attachment, channel: channels, link: link, vm: vm.text, isRaw: isRaw),
            afterLoss: "the session goes on"
        )
    }

    private func follow(_ session: ProgramSession, afterLoss: String) throws -> ProgramSession.Outcome {
        do {
            return try session.run()
        } catch Link.Failure.lost(let complaint) {
            throw Self.lost(vm, complaint, consequence: afterLoss)
        } catch {
            throw Self.explained(error, vm)
        }
    }

    /// Runs a task; what it does and what it prints is handed on.
    ///
    /// - Parameters:
    ///   - task: the task.
    ///   - type: what it ends with.
    ///   - time: how long it may take; where it took longer, the connection is of no use any more.
    ///   - maySayNothing: whether nothing is noted of a long silence: a unit may be silent, and has a limit of its own.
    ///   - progress: told what it does.
    ///   - output: told what it prints.
    /// - Returns: what it ended with.
    /// - Throws: the guest's `Refusal`, one that says what was lost with the link, or `CancellationError` when time is up.
    func perform<Result: Decodable>(
        _ task: GuestTask,
        as type: Result.Type,
        within time: Duration? = nil,
        maySayNothing: Bool = false,
        progress: (Progress) -> Void = { _ in },
        output: (ArraySlice<UInt8>) throws -> Void = { _ in }
    ) throws -> Result {
        channels += 1
        link.deadline = time.map { .now + $0 }
        link.silence = maySayNothing ? nil : silence
        defer { link.silence = nil }
        do {
            return try TaskSession(link: link, number: channels).run(task, as: type, progress: progress, output: output)
        } catch Link.Failure.lost(let complaint) {
            throw Self.lost(vm, complaint, consequence: "what it was doing was stopped in the middle")
        } catch {
            throw Self.explained(error, vm)
        }
    }

    /// Says nothing more; waits until the guest has ended what it does, for a while.
    func leave() { link.end() }

    /// Has the guest be one end of a copy, while this side is the other.
    ///
    /// - Throws: the guest's `Refusal`, or one that says what was lost with the link.
    func copy(_ request: CopyRequest, _ other: (CopySession) throws -> CopyReport) throws -> (
        ours: CopyReport, theirs: CopyReport
    ) {
        channels += 1
        link.silence = silence
        defer { link.silence = nil }
        do {
            let session = try CopySession(request, channel: channels, link: link)
            return (try other(session), try session.finish())
        } catch Link.Failure.lost(let complaint) {
            let consequence = "what was copied is there, and the same command goes on from there"
            throw Self.lost(vm, complaint, consequence: consequence)
        } catch Errno.brokenPipe {
            // Whoever read what goes to standard output: as with a program of the VM, and with cat.
            throw ProgramEnded(exit: .signaled(UInt8(SIGPIPE)))
        } catch {
            throw Self.explained(error, vm, consequence: "what is there of this copy is as little to be trusted")
        }
    }

    private static func silent(_ vm: MachineName, _ time: Duration) -> String {
        "\(vm.text) has said nothing for \(time.components.seconds) s: it is busy, or hangs. Ctrl-C ends this; "
            + "`dvm ssh \(vm.text) true` in another terminal shows whether it answers, `dvm stop --force \(vm.text)` switches it off"
    }

    private static func lost(_ vm: MachineName, _ complaint: String, consequence: String) -> Refusal {
        let reason = complaint.lastLine.isEmpty ? "" : " (\(complaint.lastLine))"
        return Refusal(
            "the link to \(vm.text) was lost\(reason): \(consequence)",
            hint: "run the same command again; `dvm ls` shows whether the VM still runs"
        )
    }

    private static func explained(
        _ error: any Error,
        _ vm: MachineName,
        consequence: String = "nothing it said was acted on"
    ) -> any Error {
        switch error {
        case let said as SaidByGuest: said.marked(vm)
        case let violation as ProtocolViolation:
            Refusal(
                "the guest program in \(vm.text) broke dvm's protocol: \(violation.what)",
                hint:
                    "\(consequence); if the VM may have been taken over, `dvm rm \(vm.text) --yes --force` deletes it"
            )
        case Link.Failure.notOurs(let what):
            Refusal(
                "what answers in \(vm.text) is not dvm's guest program: \(what)",
                hint:
                    "see what `limactl shell \(vm.instance)` prints: the start-up files of a shell are the usual cause"
            )
        default: error
        }
    }
}

/// A refusal that a guest sent: the words of a stranger.
struct SaidByGuest: Error, Equatable {
    var refusal: Refusal

    /// The refusal as a person sees it, who must not take a VM's advice for dvm's.
    func marked(_ vm: MachineName) -> Refusal {
        Refusal("\(vm.text) says: \(refusal.message)", hint: refusal.hint.map { "\(vm.text) says: \($0)" })
    }
}

extension Program {
    /// What becomes of it when the link dies, as the guest does it.
    fileprivate var afterLoss: String {
        switch command {
        case .tool where detached == true: "the tool in it goes on if it was started"
        case .tool, .signIn: "the tool in it was stopped"
        case .journal: "nothing in it was stopped"
        case .loginShell, .words:
            "programs in it got a hangup, what runs in tmux or in the background of the VM goes on"
        }
    }
}

extension String {
    /// What a program said last.
    fileprivate var lastLine: String {
        split(whereSeparator: \.isNewline).last.map { $0.trimmingPrefix(while: \.isWhitespace) }.map(String.init) ?? ""
    }
}

enum WallClock {
    /// Seconds since 1970.
    static var now: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
