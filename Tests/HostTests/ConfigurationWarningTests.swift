import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `What a configuration hardly means` {
    let fixture: HostFixture

    init() throws { fixture = try HostFixture() }

    /// The warnings about a VM's file of this text, on a computer with 4 processors and 16 GiB.
    private func warnings(_ text: String) async throws -> [String] {
        let environment = HostEnvironment(fixture.environment)
        let bundled = FilePath("\(fixture.root)/share/dvm/recipes")
        try fixture.write("share/dvm/recipes/baseline.sh", "")
        try fixture.write("config/vms/app.sh", text)
        var store = ConfigurationStore(paths: try Paths(environment), environment: environment, bundled: bundled)
        store.host = HostFacts()
        (store.host.processors, store.host.memory) = (4, 16 << 30)
        return try await store.load(try MachineName("app")).warnings.filter { !$0.contains("in the environment") }
    }

    @Test(
        arguments: [
            ("DVM_CPUS=5\n", "DVM_CPUS is 5, and this computer has 4"),
            (
                // Meant as MiB.
                "DVM_MEMORY=512\n",
                "DVM_MEMORY is 512GiB, and this computer has 16GiB; a number alone counts GiB"
            ),
            (
                "DVM_AI_HOSTS=example.org\n",
                "DVM_AI_HOSTS counts for nothing, AI tools reach the whole internet: write DVM_AI_NET=allow to limit them "
                    + "to these hosts, or DVM_AI_NET=open"
            ),
            (
                "DVM_TEMPLATE=/nosuch/my.yaml\n",
                "DVM_TEMPLATE names /nosuch/my.yaml, which does not exist: no VM can be made from it"
            ),
        ]
    )
    func `is warned of`(text: String, warning: String) async throws {
        #expect(try await warnings(text) == [warning])
    }

    @Test(
        arguments: [
            "", "DVM_CPUS=4\n", "DVM_CPUS=auto\n", "DVM_MEMORY=16\n", "DVM_AI_HOSTS=example.org\nDVM_AI_NET=allow\n",
            "DVM_AI_HOSTS=example.org\nDVM_AI_NET=open\n", "DVM_AI_HOSTS=example.org\nDVM_AI_NET=none\n",
            "DVM_TEMPLATE=/etc/passwd\n",
        ]
    )
    func `is nothing of this`(text: String) async throws {
        #expect(try await warnings(text) == [])
    }

    @Test func `is not what nobody wrote`() throws {
        var settings = Settings(for: try MachineName("app"))
        settings.host.memory = 1 << 30
        #expect(ConfigurationStore.warnings(settings) == [])
    }
}
