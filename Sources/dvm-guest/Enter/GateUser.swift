internal import CLinux
internal import DVMProtocol

/// Whose rights the gate has: nobody's, since an agent may find a fault in it.
enum GateUser {
    /// A number that no account has and that systemd keeps free (its UIDS-GIDS list 65520 to 65533 as unused).
    ///
    /// Not the agent's: that one could signal and trace the gate. Not `nobody`: others are that too.
    static let id: UInt32 = 65_533

    /// Connections of the gate have two descriptors each.
    private static let files: UInt = 2048

    /// Starts a process that makes sockets in the network namespace this one is in, with the same lack of rights.
    static func socketMaker() throws(Refusal) -> OwnedDescriptor {
        let raw = try call("starting a process in the session's network") { dvm_start_socket_maker(id, id) }
        return OwnedDescriptor(FileDescriptor(rawValue: raw))
    }

    /// Becomes it for good, without a home in sight, and dies with the process that started this one.
    static func become(developerHome: String, _ parent: ParentProcess) throws(Refusal) {
        try call("allowing enough open files") { dvm_allow_files(files) }
        try Staging.leaveMountNamespace()
        try Staging.coverHomes(developerHome: developerHome)
        try Capabilities.dropBoundingAndAmbient()
        try Identity.become(uid: id, gid: id, groups: [])
        try Capabilities.dropAll()
        try Capabilities.neverRegain()
        try Identity.provePermanent()
        // After the change of user, which forgets these.
        try parent.dieTogether()
        try Session.forbidCoreFiles()
        try call("closing the process to others") { dvm_forbid_inspection() }
        // The agent's own, the strict one: a fault in the gate is to be worth no more than one in a tool.
        for program in try SystemCallFilter(.strict).programs() { try load(program) }
    }

    private static func load(_ program: SystemCallProgram) throws(Refusal) {
        let count = UInt16(program.bytes.count / 8)
        try call("loading the system call filter") {
            unsafe program.bytes.withUnsafeBytes { unsafe dvm_load_filter($0.baseAddress, count) }
        }
    }
}
