import DVMProtocol
import Foundation
import TestSupport
import Testing

extension VMTests {
    /// One test of many things: package lists and a start of the VM take longer than all the rest.
    @Suite(.writesConfiguration) struct `The system of a VM` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// This computer as its VMs know it.
        private static let host = "192.168.5.2"

        /// Everything there is to set, but for the proxy, whose port is not known before.
        private static let settings = """
            use programs
            DVM_TIMEZONE=Asia/Tokyo
            DVM_LOCALE=de_DE.UTF-8
            DVM_SHELL=zsh
            DVM_SUDO=1
            DVM_SUBUID_COUNT=0
            DVM_SUBGID_COUNT=0
            DVM_GIT_NAME='Ann Example'
            DVM_GIT_EMAIL=ann@example.org

            """
        /// What is left alone by being left out is set to what it was.
        private static let former = """
            use programs
            DVM_TIMEZONE=Etc/UTC
            DVM_LOCALE=C.UTF-8
            DVM_SHELL=bash

            """

        /// What is seen of the settings by whoever lives with them, a name and a value each.
        private func look() throws -> [String: String] {
            var seen: [String: String] = [:]
            func note(_ lines: String) {
                for line in lines.split(separator: "\n") {
                    let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                    seen[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
                }
            }
            let asRoot = """
                say() { printf '%s\\t%s\\n' "$1" "$(tr '\\n' ' ' | sed 's/ $//')"; }
                timedatectl show -p Timezone --value | say timedatectl
                date +%Z | say clock
                localectl status | sed -n 's/^ *System Locale: LANG=//p' | say localectl
                swapon --show=TYPE,SIZE --noheadings | tr -s ' ' | say swap
                getent passwd \(vm.user) | cut -d : -f 7 | sed 's,^/usr,,' | say shell
                sudo -l -U \(vm.user) 2>&1 | sed -n 's/^ *\\((ALL.*\\)/\\1/p' | say sudoers
                apt-config dump Acquire::http::Proxy | sed -n 's/^Acquire::http::Proxy "\\(.*\\)";/\\1/p' | say apt
                systemd-run -q --pipe --wait --collect env | sed -n 's/^https_proxy=//p' | say service
                hostnamectl --static | say host
                """
            note(try vm.root(asRoot))
            let asUser = """
                say() { printf '%s\\t%s\\n' "$1" "$(tr '\\n' ' ' | sed 's/ $//')"; }
                id -un | say user
                sudo -n id -un 2>/dev/null | say sudo
                echo $LANG | say language
                LC_ALL=$LANG date -d 2026-03-01 +%B | say month
                echo $https_proxy | say proxy
                curl -s -m 60 http://proxy.test/ | say way
                unshare --user --map-root-user --map-auto true 2>/dev/null && echo many | say ids
                systemctl --user show-environment | sed -n 's/^https_proxy=//p' | say session
                git config --global user.name | say name
                """
            note(try vm.developer(asUser).text)
            // As another program logs in, without dvm.
            note("login\t" + (try vm.control("/bin/bash", "-lc", "echo $https_proxy").text))
            note("zsh\t" + (try vm.dvm("sh", vm.name, input: Array("echo ${ZSH_VERSION:+yes}\n".utf8)).text))
            return seen.filter { !$0.value.isEmpty }
        }

        /// What is seen of all that is set, and what not.
        private func expected(_ proxy: String, session: Bool) -> [String: String] {
            var seen = [
                "timedatectl": "Asia/Tokyo", "clock": "JST", "localectl": "de_DE.UTF-8", "language": "de_DE.UTF-8",
                "month": "März", "swap": "file 256M", "shell": "/bin/zsh", "zsh": "yes", "user": vm.user,
                "sudoers": "(ALL : ALL) NOPASSWD: ALL", "sudo": "root", "apt": proxy, "service": proxy, "proxy": proxy,
                "way": "this way.", "login": proxy, "host": vm.name, "name": "Ann Example",
            ]
            // A manager of the user's that runs keeps the environment it has.
            if session { seen["session"] = proxy }
            return seen
        }

        private func changes(_ body: () throws -> SyncOutcome) throws -> (outcome: SyncOutcome, log: Substring) {
            let before = vm.log("sync")
            let outcome = try body()
            return (outcome, vm.log("sync").dropFirst(before.count))
        }

        private func startProxy(_ log: String) throws -> (program: RunningProgram, port: UInt16) {
            let file = Products.repository.appending(path: "Tests/Support/network/proxy").path
            let proxy = try RunningProgram([file, log], environment: vm.environment)
            let line = try proxy.writes { $0.text.hasSuffix("\n") }.lines.first ?? ""
            return (proxy, try #require(UInt16(line)))
        }

        @Test func `is set by one sync, stays so when it starts again, and is taken back by one`() throws {
            try vm.recipe("programs", "dvm_packages zsh uidmap")
            let (program, port) = try startProxy("\(vm.places.configuration)/proxied")
            defer { program.signal(SIGTERM) }
            let proxy = "http://\(Self.host):\(port)"
            let settings = Self.settings + "DVM_PROXY=\(proxy)\n"
            defer {
                try? vm.configure(Self.former)
                _ = try? vm.dvm("sync", vm.name, within: .seconds(1200))
                _ = try? vm.developer("git config --global --remove-section user")
            }

            try vm.configure(settings + "DVM_SWAP=256MiB\n")
            let set = try vm.sync()
            try #require(set.status == 0, "\(set.told)")
            #expect(try look() == expected(proxy, session: false))
            // Packages came this way, too.
            let proxied = try String(contentsOfFile: "\(vm.places.configuration)/proxied", encoding: .utf8)
            #expect(proxied.split(separator: "\n").contains { !$0.hasSuffix(" proxy.test") }, "\(proxied)")
            let commit = try vm.developer(
                "cd $(mktemp -d) && git init -q . && git commit -q --allow-empty -m x && git log --format='%an <%ae>'"
            )
            #expect(commit.text == "Ann Example <ann@example.org>\n", "\(commit.complaint)")
            let doctor = try vm.dvm("doctor", vm.name)
            #expect(doctor.status == 0)
            #expect(
                doctor.lines.contains {
                    $0.hasPrefix("! sudo of \(vm.user)") && $0.contains("becomes root without a password")
                },
                "\(doctor.text)"
            )

            let restarted = try vm.dvm("restart", vm.name, within: .seconds(1200))
            try #require(restarted.status == 0, "\(restarted.complaint)")
            #expect(try look() == expected(proxy, session: true))
            let (again, news) = try changes { try vm.sync() }
            #expect(again.status == 0 && again.ran == [], "\(again.told)")
            #expect(news.contains("# swap") && !news.contains("changed:"), "\(news)")

            try compress(settings)

            try vm.configure(Self.former)
            let back = try vm.sync()
            try #require(back.status == 0, "\(back.told)")
            // Whoever commits stays who they are, and a manager of the user's keeps its environment until the next start.
            #expect(
                try look() == [
                    "timedatectl": "Etc/UTC", "clock": "UTC", "localectl": "C.UTF-8", "language": "C.UTF-8",
                    "month": "March", "shell": "/bin/bash", "user": vm.user, "host": vm.name, "ids": "many",
                    "name": "Ann Example", "session": proxy,
                ]
            )
            #expect(try vm.root("ls /var/lib/dvm | grep swap || echo none") == "none\n")
            let (last, quiet) = try changes { try vm.sync() }
            #expect(last.status == 0 && !quiet.contains("changed:"), "\(quiet)")
        }

        /// Compressed memory in the place of the file, where the VM's kernel has it; and the file again.
        private func compress(_ settings: String) throws {
            let hasZram = try vm.root("modprobe -n zram 2>/dev/null && echo yes || echo no") == "yes\n"
            try vm.configure(settings + "DVM_SWAP=zram:128MiB\n")
            let outcome = try vm.sync()
            if hasZram {
                #expect(outcome.status == 0, "\(outcome.told)")
                let look = "swapon --show=NAME,SIZE --noheadings | tr -s ' '; ls /var/lib/dvm/swap 2>&1 || true"
                let shown = try vm.root(look)
                #expect(shown.hasPrefix("/dev/zram0 128M\n"), "\(shown)")
                #expect(shown.contains("No such file"), "\(shown)")
            } else {
                #expect(outcome.status == 1 && outcome.hint.contains("kernel may lack zram"), "\(outcome.told)")
            }
        }
    }
}
