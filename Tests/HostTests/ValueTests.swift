import DVMProtocol
import Testing

@testable import dvm_host

@Suite struct `An amount of memory` {
    @Test(arguments: [
        ("4", 4096), ("8GiB", 8192), ("4GB", 4096), ("4G", 4096), ("4g", 4096), ("512MiB", 512), ("512mb", 512),
        ("1TiB", 1 << 20), ("1.5GiB", 1536), ("0.5", 512), ("1.25G", 1280), ("8 GiB", 8192), ("080", 80 << 10),
    ])
    func `is read with and without a unit`(text: String, mebibytes: Int) throws {
        #expect(try MemorySize(text).mebibytes == mebibytes)
    }

    @Test(arguments: [
        "", "x", "GiB", "4 apples", "-4", "+4", "4..5", ".5", "4.", "4KiB", "1e3", "0", "0.0001", "1.2345",
        "99999999999999999999", "9999999TiB", "٤", "4GiBB", "0.1MiB",
    ])
    func `is refused when it is none`(text: String) {
        #expect(throws: Refusal.self) { try MemorySize(text) }
    }

    @Test(arguments: [("4", "4GiB"), ("1.5", "1536MiB"), ("512MiB", "512MiB"), ("1TiB", "1024GiB")])
    func `is written as Lima reads it`(text: String, written: String) throws {
        #expect(try MemorySize(text).description == written)
    }
}

@Suite struct `A port forward` {
    @Test(arguments: [
        ("3000:3000", PortForward(host: 3000, guest: 3000)),
        ("1:65535", PortForward(host: 1, guest: 65535)),
        ("0.0.0.0:8080:80", PortForward(address: "0.0.0.0", host: 8080, guest: 80)),
        ("[::1]:8080:80", PortForward(address: "::1", host: 8080, guest: 80)),
        ("127.0.0.1:8080:80", PortForward(host: 8080, guest: 80)),
    ])
    func `is read with and without an address`(text: String, forward: PortForward) throws {
        #expect(try PortForward(text) == forward)
        #expect(try PortForward(forward.description) == forward)
    }

    @Test(arguments: [
        "", "80", "80:", ":80", "0:80", "80:0", "65536:80", "80:99999999999999999999", "-1:80", "+1:80", "80:80:80",
        "80:80/udp", "a:80", "localhost:80:80", "127.1:80:80", "256.0.0.1:80:80", "::1:80:80", "[::1]:80", "[x]:80:80",
        "[127.0.0.1]:80:80", "[::1:80:80", "1.2.3.4:80:80:80", " 80:80", "80:80\n", "٣:80",
    ])
    func `is refused when it is none`(text: String) {
        #expect(throws: Refusal.self) { try PortForward(text) }
    }

    @Test(arguments: [
        ("80:80 80:81", false), ("80:80 81:80", true), ("127.0.0.1:80:80 127.0.0.2:80:80", true),
        ("0.0.0.0:80:80 127.0.0.2:80:80", false), ("127.0.0.1:80:80 [::]:80:80", false), ("80:80 80:80", false),
    ])
    func `shares its port of the host with no other`(text: String, isFine: Bool) throws {
        let forwards = try text.split(separator: " ").map { try PortForward(String($0)) }
        if isFine {
            try PortForward.check(forwards)
        } else {
            #expect(throws: Refusal.self) { try PortForward.check(forwards) }
        }
    }
}

@Suite struct `A template` {
    @Test(arguments: [
        ("fedora", "template:_images/fedora"), ("ubuntu-24.04", "template:_images/ubuntu-24.04"),
        ("template:_images/debian-12", "template:_images/debian-12"), ("template://debian", "template:debian"),
        ("/home/me/my image.yaml", "/home/me/my image.yaml"),
    ])
    func `is an image of Lima's or a file`(text: String, base: String) throws {
        #expect(try Template(text).base == base)
    }

    @Test(arguments: [
        "./x.yaml", "x.yaml/y", "https://example.com/x.yaml", "template:", "template:../x", "template:a b", "a\nb: c",
        "-x", "Fedora",
    ])
    func `is refused when it is neither`(text: String) {
        #expect(throws: Refusal.self) { try Template(text) }
    }
}

@Suite struct `Settings from variables` {
    private func read(_ variables: Evaluation.Variables) throws -> Settings {
        var reader = SettingsReader(for: try MachineName("app"), home: FilePath("/home/me"))
        try reader.take(variables, from: .file("/c/vms/app.sh"))
        return reader.settings
    }

    @Test func `are what is built in when nothing is said`() throws {
        let settings = try read([:])

        #expect(settings == Settings(for: try MachineName("app")))
        #expect(settings.cpus == nil)
        #expect(settings.memory.description == "4GiB")
        #expect(settings.disk.description == "60GiB")
        #expect(settings.user == "developer")
        #expect(settings.codeDirectory == "~/code/app")
        #expect(settings.template.base == "template:_images/fedora")
    }

    @Test func `hold every value and where it is from`() throws {
        let settings = try read([
            "DVM_CPUS": .text("2"), "DVM_MEMORY": .text("8GiB"), "DVM_DISK": .text("100"), "DVM_USER": .text("ann"),
            "DVM_CODE_DIR": .text("/home/me/src/"), "DVM_PORTS": .text("3000:3000\t5173:5173\n"),
            "DVM_TEMPLATE": .text("debian-12"), "DVM_VM_TYPE": .text("vz"), "DVM_ARCH": .text("aarch64"),
        ])

        var expected = Settings(for: try MachineName("app"))
        expected.cpus = 2
        expected.memory = .gibibytes(8)
        expected.disk = .gibibytes(100)
        expected.user = "ann"
        expected.codeDirectory = "~/src"
        expected.ports = [PortForward(host: 3000, guest: 3000), PortForward(host: 5173, guest: 5173)]
        expected.template = try Template("debian-12")
        expected.vmType = .vz
        expected.architecture = .aarch64
        let others = Variable.allCases.filter { !$0.name.hasPrefix("DVM_AI_") }
        expected.origins = Dictionary(uniqueKeysWithValues: others.map { ($0, .file("/c/vms/app.sh")) })
        #expect(settings == expected)
    }

    @Test func `take ports as a list too`() throws {
        #expect(
            try read(["DVM_PORTS": .list(["3000:3000", "5173:5173"])]).ports
                == read(["DVM_PORTS": .text("3000:3000 5173:5173")]).ports
        )
    }

    @Test func `go back to what is built in for an empty value`() throws {
        var reader = SettingsReader(for: try MachineName("app"), home: FilePath("/home/me"))
        try reader.take(["DVM_PORTS": .list(["80:80"]), "DVM_MEMORY": .text("8")], from: .file("/c/config.sh"))
        try reader.take(["DVM_PORTS": .list([]), "DVM_MEMORY": .text("")], from: .file("/c/vms/app.sh"))

        #expect(reader.settings == Settings(for: try MachineName("app")))
    }

    @Test(arguments: [
        ("~/src", "~/src"), ("/home/me/src", "~/src"), ("/home/me/src/a", "~/src/a"),
        ("/home/meg/src", "/home/meg/src"),
        ("/srv/app", "/srv/app"),
    ])
    func `take a path below this host's home as one below the VM's`(value: String, path: String) throws {
        #expect(try read(["DVM_CODE_DIR": .text(value)]).codeDirectory == path)
    }

    @Test(arguments: [
        ("DVM_CPUS", "0"), ("DVM_CPUS", "four"), ("DVM_CPUS", "-1"), ("DVM_CPUS", "2.5"), ("DVM_CPUS", "100000"),
        ("DVM_MEMORY", "little"), ("DVM_MEMORY", "100MiB"), ("DVM_DISK", "10MiB"), ("DVM_USER", "root"),
        ("DVM_USER", "dvm"), ("DVM_USER", "dvm-agent"), ("DVM_USER", "An Na"), ("DVM_USER", "-x"),
        ("DVM_CODE_DIR", "code"), ("DVM_CODE_DIR", "~"), ("DVM_CODE_DIR", "/"), ("DVM_CODE_DIR", "/srv/../etc"),
        ("DVM_CODE_DIR", "/home/me"), ("DVM_CODE_DIR", "~other/code"), ("DVM_CODE_DIR", "/srv/a\nb"),
        ("DVM_PORTS", "80"), ("DVM_PORTS", "80:80 80:81"), ("DVM_TEMPLATE", "./mine.yaml"), ("DVM_VM_TYPE", "qmeu"),
        ("DVM_ARCH", "arm64"),
    ])
    func `are refused with variable, value and file`(name: String, value: String) {
        #expect { try read([name: .text(value)]) } throws: { error in
            guard let refusal = error as? Refusal else { return false }
            return refusal.message.hasPrefix("\(name)=“\(value.printable)”, set in /c/vms/app.sh: ")
                && refusal.hint != nil
        }
    }

    @Test func `are refused when a list stands for one value`() {
        #expect(
            throws: Refusal(
                "DVM_CPUS=“(1 2)”, set in /c/vms/app.sh: it is a list",
                hint: "write DVM_CPUS=value, without parentheses"
            )
        ) { try read(["DVM_CPUS": .list(["1", "2"])]) }
    }

    @Test func `are refused with the nearest name when a variable is unknown`() {
        #expect(
            throws: Refusal(
                "DVM_MEMROY, set in /c/vms/app.sh, is not a variable of dvm",
                hint: "did you mean DVM_MEMORY?"
            )
        ) { try read(["DVM_MEMROY": .text("8")]) }
    }
}
