internal import DVMProtocol
internal import Glibc

/// dvm's part of the VM's tree of control groups, `dvm` at its top.
///
/// It lies beside the slices of systemd and not in one: what runs in it goes on when the login or the service that asked
/// for it is taken down with its group. systemd leaves groups alone that it did not make.
enum VMGroups {
    static let tree: FilePath = "/sys/fs/cgroup"
    static var ours: FilePath { tree.appending("dvm") }

    /// Moves this process out of whatever group it was started in, to those that watch over others.
    ///
    /// - Throws: a `Refusal` when the VM has no such tree.
    static func moveSupervisor() throws(Refusal) {
        guard Status.of(tree.appending("cgroup.controllers")) != nil else {
            throw Refusal(
                "this VM has no control groups of version 2, without which nothing in it is ended for certain",
                hint: "remove systemd.unified_cgroup_hierarchy=0 from the VM's kernel command line"
            )
        }
        try ControlGroup(making: ours.appending("supervisors")).add(getpid())
    }
}
