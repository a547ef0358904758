import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

private let account = Accounts.Account(name: "dev", uid: 1000, gid: 1000, home: "/home/dev", shell: "/bin/bash")

@Suite struct `The time zone of a VM` {
    private func stage() throws -> SystemStage {
        try SystemStage(["/usr/share/zoneinfo/Europe/Warsaw": "TZif", "/usr/share/zoneinfo/UTC": "TZif", "/etc/x": ""])
    }

    @Test func `is a link to its file, made once`() throws {
        let stage = try stage()
        #expect(try TimeZone.set("Europe/Warsaw", in: stage.tree, note: stage.note))
        #expect(Link.target(of: stage.tree.path("/etc/localtime")) == "../usr/share/zoneinfo/Europe/Warsaw")
        #expect(stage.text("/etc/localtime") == "TZif")
        #expect(stage.text("/etc/timezone") == nil)
        #expect(try !TimeZone.set("Europe/Warsaw", in: stage.tree, note: stage.note))
        #expect(try !TimeZone.set(nil, in: stage.tree, note: stage.note))
        #expect(stage.notes == [])
    }

    @Test func `takes the place of a file, and Debian's own file follows`() throws {
        let stage = try stage()
        try stage.write("old", to: "/etc/localtime")
        try stage.write("Etc/UTC\n", to: "/etc/timezone")
        #expect(try TimeZone.set("UTC", in: stage.tree, note: stage.note))
        #expect(stage.text("/etc/localtime") == "TZif")
        #expect(stage.text("/etc/timezone") == "UTC\n")
        #expect(try !TimeZone.set("UTC", in: stage.tree, note: stage.note))
    }

    @Test(arguments: ["Mars/Olympus", "Europe"])
    func `stays as it is when the VM does not know it`(name: String) throws {
        let stage = try stage()
        #expect(try !TimeZone.set(name, in: stage.tree, note: stage.note))
        #expect(stage.notes == ["the VM does not know the time zone \(name), so its clock stays as it is"])
        #expect(stage.text("/etc/localtime") == nil)
    }
}

@Suite struct `The locale of a VM` {
    @Test func `is written where the distribution looks for it`() throws {
        for (files, path) in [
            ([:], "/etc/locale.conf"), (["/etc/debian_version": "12"], "/etc/default/locale"),
        ] as [([String: String], String)] {
            let stage = try SystemStage(files)
            stage.printing["locale -a"] = "C\nC.utf8\nde_DE.utf8\nPOSIX\n"
            let first = try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note, install: stage.install)
            #expect(first == (true, "de_DE.UTF-8"))
            #expect(stage.text(path) == "LANG=de_DE.UTF-8\n")
            #expect(
                try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note, install: stage.install) == (
                    false, "de_DE.UTF-8"
                )
            )
            #expect(stage.ran == [])
        }
    }

    @Test func `is not asked for where it is seen`() throws {
        let stage = try SystemStage(["/usr/lib/locale/C.utf8/LC_CTYPE": ""])
        for name in ["C", "POSIX", "C.UTF-8"] {
            #expect(try Locale.set(name, in: stage.tree, note: stage.note) { _ in } == (true, name))
        }
        #expect(stage.notes == [])
        #expect(try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note) { _ in }.locale == "C.UTF-8")
    }

    @Test func `is made on Debian, and what cannot be made is noted`() throws {
        let stage = try SystemStage([
            "/usr/sbin/locale-gen": "", "/etc/locale.gen": "# de_AT.UTF-8 UTF-8\n# de_DE.UTF-8 UTF-8\n",
        ])
        stage.printing["locale -a"] = "C.utf8\n"
        let (changed, found) = try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note, install: stage.install)
        #expect(changed && found == "C.UTF-8")
        #expect(stage.lately() == ["locale-gen"])
        #expect(stage.text("/etc/locale.gen") == "# de_AT.UTF-8 UTF-8\nde_DE.UTF-8 UTF-8\n")
        #expect(stage.text("/etc/locale.conf") == "LANG=C.UTF-8\n")
        #expect(stage.notes == ["the VM does not have the locale de_DE.UTF-8, so it uses C.UTF-8"])
        // The second time there is nothing to be tried again, and it is said again.
        #expect(
            try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note, install: stage.install) == (
                false, "C.UTF-8"
            )
        )
        #expect(stage.ran == [])
    }

    @Test func `has what makes it installed on a small Debian`() throws {
        let stage = try SystemStage(["/usr/bin/apt-get": ""])
        stage.printing["locale -a"] = "C.utf8\n"
        _ = try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note, install: stage.install)
        #expect(stage.ran == ["install locales"])
        #expect(stage.notes == ["the VM does not have the locale de_DE.UTF-8, so it uses C.UTF-8"])
        // Without the internet it is noted, too.
        let offline = { (_: Packages.Package) throws(Refusal) in throw Refusal("no network") }
        let (_, found) = try Locale.set("de_DE.UTF-8", in: stage.tree, note: stage.note, install: offline)
        #expect(found == "C.UTF-8" && stage.notes.count == 2)
    }

    @Test func `is a package on Fedora`() throws {
        let stage = try SystemStage(["/usr/bin/dnf": ""])
        stage.printing["locale -a"] = "C.utf8\n"
        _ = try Locale.set("pl_PL.UTF-8", in: stage.tree, note: stage.note, install: stage.install)
        #expect(stage.ran == ["dnf -q -y install glibc-langpack-pl"])
    }

    @Test(arguments: [
        ("de_DE.UTF-8", "", "de_DE.UTF-8 UTF-8\n"), ("de_DE", "x", "x\nde_DE ISO-8859-1\n"),
        ("ca_ES.UTF-8@valencia", "#ca_ES.UTF-8@valencia UTF-8\n", "ca_ES.UTF-8@valencia UTF-8\n"),
    ])
    func `is added to the list of those to be made`(name: String, list: String, result: String) {
        #expect(Locale.added(name, to: list) == result)
        #expect(Locale.added(name, to: result) == nil)
    }

    @Test func `has its character set in two spellings`() {
        #expect(Locale.normal("de_DE.UTF-8") == "de_DE.utf8")
        #expect(Locale.normal("ca_ES.UTF-8@valencia") == "ca_ES.utf8@valencia")
        #expect(Locale.normal("C") == "C")
    }
}

@Suite struct `The proxy of a VM` {
    private let proxy = Proxy(
        http: "http://proxy.example:3128",
        https: "http://proxy.example:3129/",
        exceptions: ["localhost", ".example", "10.0.0.0/8", "mirror.lan"]
    )

    @Test func `is told to everyone who needs it, and taken away from them`() throws {
        let stage = try SystemStage(["/etc/apt/apt.conf.d/00own": "", "/etc/dnf/dnf.conf": ""])
        let before = stage.files()
        #expect(try ProxySettings.set(proxy, in: stage.tree))
        #expect(
            stage.files().filter { !before.contains($0) } == [
                "/etc/apt/apt.conf.d/90dvm-proxy", "/etc/dnf/libdnf5.conf.d/90-dvm-proxy.conf",
                "/etc/environment.d/90-dvm-proxy.conf", "/etc/profile.d/dvm-proxy.sh",
                "/etc/systemd/system.conf.d/90-dvm-proxy.conf",
            ]
        )
        #expect(stage.lately() == ["systemctl daemon-reexec"])
        #expect(
            stage.text("/etc/apt/apt.conf.d/90dvm-proxy") == """
                // Written by dvm; `dvm sync` replaces it.
                Acquire::http::Proxy "http://proxy.example:3128";
                Acquire::http::Proxy::localhost "DIRECT";
                Acquire::http::Proxy::mirror.lan "DIRECT";
                Acquire::https::Proxy "http://proxy.example:3129/";
                Acquire::https::Proxy::localhost "DIRECT";
                Acquire::https::Proxy::mirror.lan "DIRECT";

                """
        )
        #expect(
            stage.text("/etc/dnf/libdnf5.conf.d/90-dvm-proxy.conf")
                == SystemTree.mark + "[main]\nproxy=http://proxy.example:3129/\n"
        )
        #expect(
            stage.text("/etc/systemd/system.conf.d/90-dvm-proxy.conf")?.hasPrefix(
                SystemTree.mark
                    + "[Manager]\nDefaultEnvironment=\"HTTPS_PROXY=http://proxy.example:3129/\" \"HTTP_PROXY="
            ) == true
        )
        #expect(try !ProxySettings.set(proxy, in: stage.tree))
        #expect(try ProxySettings.set(nil, in: stage.tree))
        #expect(stage.files() == before)
        #expect(stage.lately() == ["systemctl daemon-reexec"])
        #expect(try !ProxySettings.set(nil, in: stage.tree))
        #expect(stage.ran == [])
    }

    @Test func `is what a shell makes of its file`() throws {
        let stage = try SystemStage(["/p": ProxySettings.profile(proxy)])
        let shell = Process()
        let pipe = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", ". \(stage.scratch.path)/p; env | grep -i proxy | sort"]
        shell.environment = [:]
        shell.standardOutput = pipe
        try shell.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let lines = proxy.variables.map { "\($0.key)=\($0.value)" }
        #expect(Set(output.split(separator: "\n").map(String.init)) == Set(lines))
    }

    @Test func `is not written for a package manager that is not there`() throws {
        let stage = try SystemStage(["/etc/x": ""])
        _ = try ProxySettings.set(proxy, in: stage.tree)
        #expect(!stage.files().contains { $0.contains("apt") || $0.contains("dnf") })
    }
}

@Suite struct `Authorities a VM trusts` {
    private let one = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    private let two = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

    @Test(arguments: [
        (
            ["/usr/sbin/update-ca-certificates": ""], "/usr/local/share/ca-certificates", ".crt",
            "update-ca-certificates --fresh", "/etc/ssl/certs/ca-certificates.crt"
        ),
        (
            ["/etc/pki/ca-trust/x": "", "/usr/bin/update-ca-trust": ""], "/etc/pki/ca-trust/source/anchors", ".pem",
            "update-ca-trust extract", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
        ),
    ])
    func `are those asked for, and no others of dvm's`(
        files: [String: String],
        directory: String,
        suffix: String,
        update: String,
        bundle: String
    ) throws {
        let stage = try SystemStage(files)
        try stage.write("theirs", to: "\(directory)/own\(suffix)")
        let others = stage.files()
        func set(_ certificates: [String]) throws -> Bool {
            try CertificateAuthorities.set(certificates, in: stage.tree, install: stage.install)
        }
        #expect(try set([one, two]))
        #expect(stage.text("\(directory)/dvm-1\(suffix)") == one)
        #expect(stage.text("\(directory)/dvm-2\(suffix)") == two)
        #expect(stage.lately() == [update])
        // Programs that have authorities of their own are told, in logins and by systemd.
        let lines = ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"].map { "\($0)='\(bundle)'\n" }
        #expect(stage.text("/etc/environment.d/90-dvm-certificates.conf") == SystemTree.mark + lines.joined())
        let exports = lines.map { "export " + $0 }.joined()
        #expect(stage.text("/etc/profile.d/dvm-certificates.sh") == SystemTree.mark + exports)
        #expect(CertificateAuthorities.bundle(in: stage.tree) == bundle)
        #expect(try !set([one, two]))
        #expect(stage.lately() == [])
        #expect(try set([two]))
        #expect(stage.text("\(directory)/dvm-1\(suffix)") == two)
        #expect(stage.text("\(directory)/dvm-2\(suffix)") == nil)
        #expect(stage.lately() == [update])
        #expect(try set([]))
        #expect(stage.files() == others)
        #expect(stage.lately() == [update])
        #expect(try !set([]))
        #expect(stage.ran == [])
    }

    @Test func `need the program that takes them up`() throws {
        let stage = try SystemStage(["/etc/x": ""])
        _ = try CertificateAuthorities.set([one], in: stage.tree, install: stage.install)
        #expect(stage.ran == ["install ca-certificates", "update-ca-certificates --fresh"])
    }
}

@Suite struct `Subordinate ids` {
    @Test(
        arguments: [
            ("", 65536, .add(first: 100_000, last: 165_535)), ("", 0, .nothing),
            ("dev:100000:65536\n", 65536, .nothing), ("1000:100000:65536\n", 65536, .nothing),
            ("other:100000:65536\n", 65536, .add(first: 165_536, last: 231_071)),
            ("a:5:10\n", 1, .add(first: 100_000, last: 100_000)),
            ("a:300000:1\nb:100000:65536\n", 2, .add(first: 300_001, last: 300_002)),
            ("dev:100000:65536\n", 1000, .keep(count: 65536)),
            ("dev:100000:1\ndev:200000:1\n", 2, .nothing),
            ("dev:100000:65536\nx:1:1\n", 0, .remove([.init(owner: "dev", first: 100_000, count: 65536)])),
            ("a:4294967000:100\n", 65536, .full), ("dev:x:1\ndev\n#dev:1:1\n", 1, .add(first: 100_000, last: 100_000)),
            ("a:99999999999999999999:5\nb:1:99999999999\n", 1, .add(first: 100_000, last: 100_000)),
        ] as [(String, Int, SubordinateRanges.Change)]
    )
    func `are planned from those there are`(text: String, count: Int, change: SubordinateRanges.Change) {
        #expect(SubordinateRanges(text).change(for: account, count: count) == change)
    }

    @Test func `are given by the program that locks their files, and taken whatever runs`() throws {
        let stage = try SystemStage(["/etc/subuid": "other:100000:10\n", "/etc/subgid": "dev:7:3\n"])
        func set(_ uids: Int, _ gids: Int) throws -> Bool {
            try SubordinateRanges.set(.init(uids: uids, gids: gids), for: account, in: stage.tree, note: stage.note)
        }
        #expect(try set(5, 3))
        #expect(stage.lately() == ["usermod --add-subuids 100010-100014 dev"])
        #expect(try set(0, 0))
        // usermod would refuse: the account is in use.
        #expect(stage.lately() == [])
        #expect(stage.text("/etc/subgid") == "" && stage.text("/etc/subuid") == "other:100000:10\n")
        try stage.write("dev:7:3\n", to: "/etc/subgid")
        #expect(try !set(0, 4))
        #expect(stage.notes.count == 1)
        #expect(stage.notes.first?.hasPrefix("dev keeps 3 ids in /etc/subgid") == true)
    }
}

extension `Subordinate ids` {
    @Test(arguments: [
        ("", ""), ("dev:1:2\n", ""), ("a:1:2\ndev:3:4\n1000:5:6\ndeva:7:8\n", "a:1:2\ndeva:7:8\n"),
        ("# dev\ndev\n\nx", "# dev\n\nx"),
    ])
    func `of others stay where those of an account go`(text: String, rest: String) {
        #expect(SubordinateRanges.text(text, without: account) == rest)
    }
}

@Suite struct `Swap space` {
    private static let mark = "/etc/systemd/system/var-lib-dvm-swap.swap"
    private static let device = "systemd-zram-setup@zram0.service"
    private static let zram = "/etc/systemd/zram-generator.conf.d/90-dvm.conf"

    private func set(_ swap: SystemOptions.Swap, _ stage: SystemStage) throws -> Bool {
        try SwapSpace.set(swap, in: stage.tree, install: stage.install)
    }

    @Test func `in a file is made, found again, made anew in another size, and taken away`() throws {
        let stage = try SystemStage()
        #expect(try set(.file(mebibytes: 64), stage))
        #expect(
            stage.lately() == [
                "chattr -f +C /var/lib/dvm/swap", "chcon -t swapfile_t /var/lib/dvm/swap",
                "fallocate -l 67108864 /var/lib/dvm/swap", "mkswap -q /var/lib/dvm/swap", "systemctl daemon-reload",
                "systemctl enable -q --now var-lib-dvm-swap.swap",
            ]
        )
        let mode = try FileManager.default.attributesOfItem(atPath: stage.scratch.path + "/var/lib/dvm/swap")
        #expect(mode[.posixPermissions] as? Int == 0o600)
        try stage.write(String(repeating: "\0", count: 64 << 20), to: "/var/lib/dvm/swap")
        #expect(try !set(.file(mebibytes: 64), stage))
        #expect(stage.lately() == ["systemctl is-active -q var-lib-dvm-swap.swap"])
        #expect(try set(.file(mebibytes: 65), stage))
        #expect(stage.lately().first == "systemctl disable -q --now var-lib-dvm-swap.swap")
        #expect(try set(.none, stage))
        #expect(stage.files() == [])
        #expect(try !set(.none, stage))
    }

    @Test func `that cannot be had leaves nothing behind`() throws {
        let stage = try SystemStage()
        stage.failing["fallocate"] = .exited(1)
        let refusal = #expect(throws: Refusal.self) { try set(.file(mebibytes: 64), stage) }
        #expect(refusal?.message.hasPrefix("a swap file of 64 MiB cannot be had in the VM: “fallocate") == true)
        #expect(stage.files() == [])
    }

    @Test func `in compressed memory takes the place of a file, and gives way to it`() throws {
        let stage = try SystemStage()
        _ = try set(.file(mebibytes: 64), stage)
        _ = stage.lately()
        #expect(try set(.zram(mebibytes: 2048), stage))
        #expect(stage.files() == [Self.zram, "/var/lib/dvm/zram-generator"])
        #expect(stage.text(Self.zram)?.contains("zram-size = 2048\n") == true)
        #expect(
            stage.lately().suffix(3) == [
                "install systemd-zram-generator", "systemctl daemon-reload",
                "systemctl restart systemd-zram-setup@zram0.service",
            ]
        )
        #expect(try !set(.zram(mebibytes: 2048), stage))
        _ = stage.lately()
        _ = try set(.file(mebibytes: 64), stage)
        #expect(stage.files() == [Self.mark, "/var/lib/dvm/swap"])
        // Debian's package swaps by itself: what came with dvm goes with it.
        #expect(stage.lately().prefix(2) == ["systemctl stop \(Self.device)", "dnf -q -y remove zram-generator"])
    }

    @Test func `in compressed memory leaves a generator that was there before`() throws {
        let stage = try SystemStage(["/usr/lib/systemd/system-generators/zram-generator": ""])
        let before = stage.files()
        #expect(try set(.zram(mebibytes: 2048), stage))
        _ = stage.lately()
        #expect(try set(.none, stage))
        #expect(stage.files() == before)
        #expect(stage.lately() == ["systemctl daemon-reload", "systemctl try-restart \(Self.device)"])
    }

    @Test func `in memory that the kernel cannot compress is refused with another way`() throws {
        let stage = try SystemStage()
        stage.failing["systemctl restart"] = .exited(1)
        let refusal = #expect(throws: Refusal.self) { try set(.zram(mebibytes: 64), stage) }
        #expect(refusal?.hint?.contains("DVM_SWAP") == true)
        #expect(stage.files() == [])
    }
}

@Suite struct `The right to become root` {
    @Test func `is a rule that sudo was asked about first, and is taken away`() throws {
        let stage = try SystemStage(["/etc/sudoers.d/README": ""])
        #expect(try SudoRule.set(true, for: "dev", in: stage.tree))
        #expect(stage.lately() == ["visudo -c -q -f \(stage.scratch.path)/run/dvm/sudoers"])
        #expect(stage.text(SudoRule.path) == SystemTree.mark + "dev ALL=(ALL:ALL) NOPASSWD: ALL\n")
        let mode = try FileManager.default.attributesOfItem(atPath: stage.scratch.path + SudoRule.path)
        #expect(mode[.posixPermissions] as? Int == 0o440)
        #expect(try !SudoRule.set(true, for: "dev", in: stage.tree))
        #expect(try SudoRule.set(true, for: "ann", in: stage.tree))
        #expect(try SudoRule.set(false, for: "ann", in: stage.tree))
        #expect(stage.files() == ["/etc/sudoers.d/README"])
        #expect(try !SudoRule.set(false, for: "ann", in: stage.tree))
    }

    @Test func `is not given by a rule that sudo does not take`() throws {
        let stage = try SystemStage(["/etc/sudoers.d/README": ""])
        stage.failing["visudo"] = .exited(1)
        #expect(throws: Refusal.self) { try SudoRule.set(true, for: "dev", in: stage.tree) }
        #expect(stage.files() == ["/etc/sudoers.d/README"])
    }

    @Test func `is a rule for the real sudo`() throws {
        let stage = try SystemStage(["/rule": SudoRule.text(for: "some-user_1"), "/wrong": "some-user_1 ALL=(ALL\n"])
        func status(_ file: String) throws -> Exit {
            try Run.status(of: ["visudo", "-c", "-q", "-f", stage.scratch.path + file])
        }
        #expect(try status("/rule") == .exited(0))
        #expect(try status("/wrong") != .exited(0))
    }

    @Test func `is what doctor warns of, whoever gave it`() {
        func check(_ files: [FilePath: String]) -> DoctorReport.Check {
            SetUpChecks.sudo(
                of: AgentDoors(
                    agent: account,
                    read: { path throws(Refusal) in files[path] ?? "" },
                    sudoersFiles: { () throws(Refusal) in files.keys.sorted { $0.string < $1.string } }
                )
            )
        }
        #expect(check(["/etc/sudoers": "root ALL=(ALL) ALL\n"]) == DoctorReport.Check("sudo of dev", .pass, "none"))
        let asked = check([FilePath(SudoRule.path): SudoRule.text(for: "dev")])
        #expect(asked.verdict == .warn)
        #expect(asked.found == "becomes root without a password, as DVM_SUDO=1 asks")
        let other = check(["/etc/sudoers": "dev ALL=(ALL) ALL\n", FilePath(SudoRule.path): SudoRule.text(for: "dev")])
        #expect(other.found == "is named in /etc/sudoers, which is not dvm's")
    }

    @Test func `and units that are half done are in the report`() {
        #expect(SetUpChecks.units([]).verdict == .pass)
        #expect(SetUpChecks.units(["docker", "go"]).found == "begun and not finished: docker, go")
        #expect(SetUpChecks.units(["docker"]).verdict == .warn)
    }
}
