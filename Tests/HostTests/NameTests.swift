import DVMProtocol
import Testing

@testable import dvm_host

@Suite struct `The name of a VM` {
    @Test(arguments: [
        ("app", "app"), ("a", "a"), ("my-app-2", "my-app-2"), ("a--b", "a--b"), ("dvm-app", "app"),
        ("dvm-dvm-app", "dvm-app"), (String(repeating: "a", count: 40), String(repeating: "a", count: 40)),
    ])
    func `is taken as it is, without Lima's prefix`(typed: String, name: String) throws {
        let machine = try MachineName(typed)

        #expect(machine.text == name)
        #expect(machine.instance == "dvm-\(name)")
    }

    @Test(arguments: [
        ("", "it is empty"),
        ("dvm-", "it is empty"),
        ("App", "it does not start with a lowercase letter"),
        ("1app", "it does not start with a lowercase letter"),
        ("-app", "it does not start with a lowercase letter"),
        ("../app", "it does not start with a lowercase letter"),
        ("äpp", "it does not start with a lowercase letter"),
        ("app/../..", "it has other characters than lowercase letters, digits and hyphens"),
        ("a b", "it has other characters than lowercase letters, digits and hyphens"),
        ("a\n", "it has other characters than lowercase letters, digits and hyphens"),
        ("a=$(id)", "it has other characters than lowercase letters, digits and hyphens"),
        ("appß", "it has other characters than lowercase letters, digits and hyphens"),
        ("app-", "it ends with a hyphen"),
        (String(repeating: "a", count: 41), "it has 41 characters"),
    ])
    func `is refused with the rule it breaks`(typed: String, why: String) {
        #expect { try MachineName(typed) } throws: { error in
            let refusal = error as? Refusal
            return refusal?.message == "“\(typed.printable)” cannot name a VM: \(why)" && refusal?.hint != nil
        }
    }

    @Test func `is refused where Lima's sockets would not fit`() throws {
        let lima = FilePath("/Users/somebody-with-a-long-name/Library/Lima")
        let longest = try MachineName(String(repeating: "a", count: 103 - 31 - 45))
        try longest.checkRoom(in: lima)

        #expect(
            throws: Refusal(
                "“\(longest.text)a” is too long for a VM in \(lima.string): the paths of Lima's sockets would not fit",
                hint: "use a name of at most 27 characters, or set LIMA_HOME to a shorter path"
            )
        ) { try MachineName(longest.text + "a").checkRoom(in: lima) }
    }
}

@Suite struct `Suggesting a name` {
    @Test(arguments: [
        ("DVM_MEMROY", "DVM_MEMORY"), ("DVM_CPU", "DVM_CPUS"), ("DVM_PORT", "DVM_PORTS"), ("DVM_HOSTNAME", nil),
        ("DVM_CODEDIR", "DVM_CODE_DIR"),
    ])
    func `finds the nearest that could have been meant`(typed: String, meant: String?) {
        #expect(Suggestion.nearest(toVariable: typed, among: Variable.allCases.map(\.name)) == meant)
    }

    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("snyc", "sync", 1), ("app", "app", 0), ("ab", "ba", 1),
    ])
    func `counts letters added, dropped, changed and swapped`(a: String, b: String, distance: Int) {
        #expect(Suggestion.distance(a, b) == distance)
        #expect(Suggestion.distance(b, a) == distance)
    }
}
