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

    /// Lima's templates lie beside it, where its link leads to, or where a variable says; and the person's own in its home.
    @Test(arguments: [
        ("debain-12", "Lima has no “debain-12”, did you mean debian-12?"),
        ("suse", "Lima has no “suse”: it has debian-12, ubuntu-24.04"),
        ("template:dokcer", "Lima has no “dokcer”: it has debian-12, ubuntu-24.04"),
        ("debian-12", nil), ("ubuntu-24.04", nil), ("template:docker", nil), ("template:my.yaml", nil),
        ("/etc/passwd", nil),
    ])
    func `is an image that Lima does not have`(template: String, lack: String?) async throws {
        try fixture.remove("bin")
        for name in ["debian-12", "ubuntu-24.04", "alpine"] {
            try fixture.write("cellar/2.2/share/lima/templates/_images/\(name).yaml", "")
        }
        try fixture.write("cellar/2.2/share/lima/templates/docker.yaml", "")
        try fixture.write("lima/_templates/my.yaml", "")
        try fixture.write("cellar/2.2/bin/limactl", "#!/bin/sh\nexit 1\n", mode: 0o700)
        try fixture.makeDirectory("bin")
        try fixture.link("bin/limactl", to: "../cellar/2.2/bin/limactl")
        let text = "DVM_TEMPLATE=\(template)\n"
        let expected = lack.map { ["DVM_TEMPLATE: no VM can be made from it, because \($0)"] } ?? []
        #expect(try await warnings(text) == expected)
        // Where Lima's files are elsewhere, nothing is said of what cannot be known.
        try fixture.remove("cellar/2.2/share")
        #expect(try await warnings(text) == [])
    }

    @Test func `is an image that is not where LIMA_TEMPLATES_PATH says`() throws {
        try fixture.write("mine/_images/debian-12.yaml", "")
        let environment = HostEnvironment(["LIMA_TEMPLATES_PATH": "/nosuch:\(fixture.root)/mine"])
        let templates = LimaTemplates(environment, home: FilePath("\(fixture.root)/lima"))
        #expect(templates.lack(of: try Template("debian-12")) == nil)
        #expect(templates.lack(of: try Template("debian-13")) == "Lima has no “debian-13”, did you mean debian-12?")
    }

    @Test func `is not what nobody wrote`() throws {
        var settings = Settings(for: try MachineName("app"))
        settings.host.memory = 1 << 30
        #expect(ConfigurationStore.warnings(settings) == [])
    }
}
