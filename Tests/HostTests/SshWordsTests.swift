import Testing

@testable import dvm_host

@Suite struct `The words of dvm ssh` {
    @Test(arguments: [
        (["ssh", "app", "ls", "-la"], ["ssh", "app", "--", "ls", "-la"]),
        (["ssh", "app", "--", "ls", "-la"], ["ssh", "app", "--", "ls", "-la"]),
        (["ssh", "-T", "app", "cat", "--", "x"], ["ssh", "-T", "app", "--", "cat", "--", "x"]),
        (["ssh", "app", "-T", "cat"], ["ssh", "app", "-T", "--", "cat"]),
        (["ssh", "app"], ["ssh", "app"]), (["ssh"], ["ssh"]), ([], []),
        (["ssh", "app", "--help"], ["ssh", "app", "--help"]), (["sh", "app", "ls"], ["sh", "app", "ls"]),
        (["ai", "ssh", "app", "x"], ["ai", "ssh", "app", "x"]),
    ])
    func `need no separator before the command`(typed: [String], parsed: [String]) {
        #expect(Ssh.separated(typed) == parsed)
    }
}
