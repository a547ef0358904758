import Foundation
import TestSupport
import Testing

extension VMTests {
    /// The services that recipes set up, under the VM's systemd with the units that recipes write.
    ///
    /// Tests/Support/recipes/service plays the programs; Tailscale's unit, which comes with its package, is made here.
    @Suite(.writesConfiguration) struct `Services of recipes` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        private static let player = "/usr/local/libexec/dvm-test-service"
        private static let everything =
            "write /usr, write /var, read homes, see /tmp, see processes, see disks, make namespaces, read packets, send outside"

        /// Puts the player into the places of programs.
        private func play(_ programs: String...) throws {
            let file = Products.repository.appending(path: "Tests/Support/recipes/service")
            try vm.place(Array(Data(contentsOf: file)), at: Self.player, mode: "0755")
            try vm.root(
                "touch /tmp/dvm-probe-mark\n"
                    + programs.map { "ln -sf \(Self.player) /usr/local/bin/\($0)" }.joined(separator: "\n")
            )
        }

        private func remove(_ script: String) {
            _ = try? vm.root("\(script)\nsystemctl daemon-reload\nrm -f /tmp/dvm-probe-mark")
        }

        /// The journal of the service that is meant when none is named, once it says something.
        private func logs(with words: String) throws -> String {
            let deadline = ContinuousClock.now + .seconds(120)
            while true {
                let outcome = try vm.dvm("logs", vm.name, "-o", "cat")
                #expect(outcome.status == 0, "\(outcome.complaint)")
                if outcome.text.contains(words) || ContinuousClock.now > deadline { return outcome.text }
                usleep(500_000)
            }
        }

        private func digest(_ text: String) throws -> String {
            try String(vm.control("/usr/bin/sha256sum", input: Array(text.utf8)).text.prefix(64))
        }

        /// The arguments and environment of a service's process.
        private func process(_ unit: String) throws -> String {
            try vm.root("cd /proc/$(systemctl show -p MainPID --value \(unit)) && cat cmdline environ | tr '\\0' '\\n'")
        }

        @Test func `root without a unit may do all that the units take away`() throws {
            try play("cloudflared")
            defer { remove("rm -f /usr/local/bin/cloudflared") }
            #expect(try vm.root("\(Self.player) probe") == "\(Self.everything)\n")
        }

        @Test func `cloudflared gets its token as a credential, can do little, and keeps running without it`() throws {
            try play("cloudflared")
            defer {
                remove(
                    """
                    systemctl disable -q --now dvm-cloudflared || true
                    rm -rf /etc/systemd/system/dvm-cloudflared.service /etc/cloudflared /usr/local/bin/cloudflared
                    """
                )
            }
            let token = "eyJhIjoi\(UUID().uuidString)"
            try vm.configure("use cloudflared\n")
            let outcome = try vm.sync(environment: ["CLOUDFLARED_TOKEN": token])
            #expect(outcome.ran == ["cloudflared"], "\(outcome.told)")

            let said = try logs(with: "may: ")
            #expect(said.contains("token of the SHA-256 \(try digest(token)), mode 400, user other"), "\(said)")
            #expect(said.contains("may: send outside\n"), "\(said)")
            #expect(!said.contains(token))
            let process = try process("dvm-cloudflared")
            #expect(process.contains("--token-file\n") && !process.contains(token), "\(process)")
            #expect(try vm.root("stat -c '%U %a' /etc/cloudflared/dvm.token") == "root 600\n")
            #expect(try vm.developer("cat /etc/cloudflared/dvm.token /run/credentials/*/token").text == "")

            // What the VM has already need not be handed over again.
            #expect(try vm.sync().ran == [])
            let forced = try vm.sync("--force", "--only", "cloudflared")
            #expect(forced.ran == ["cloudflared"], "\(forced.told)")
            #expect(
                try vm.root("systemctl is-active dvm-cloudflared; systemctl is-enabled dvm-cloudflared")
                    == "active\nenabled\n"
            )
        }

        @Test func `tailscale joins with a key from a file, and shows the port that is asked for`() throws {
            try play("tailscale", "tailscaled")
            try vm.root(
                """
                cat >/etc/systemd/system/tailscaled.service <<'END'
                [Service]
                Type=notify
                ExecStart=/usr/local/bin/tailscaled
                RuntimeDirectory=tailscale
                StateDirectory=tailscale
                [Install]
                WantedBy=multi-user.target
                END
                systemctl daemon-reload
                """
            )
            defer {
                remove(
                    """
                    systemctl disable -q --now tailscaled || true
                    rm -rf /etc/systemd/system/tailscaled.service /var/lib/tailscale /usr/local/bin/tailscale*
                    """
                )
            }
            let key = "tskey-auth-\(UUID().uuidString)"
            try vm.configure("use tailscale\n")
            let outcome = try vm.sync(environment: ["TAILSCALE_AUTH_KEY": key])
            #expect(outcome.ran == ["tailscale"], "\(outcome.told)")
            let joined = "joined with the key of the SHA-256 \(try digest(key))\n"
            #expect(try logs(with: joined).contains(joined))
            #expect(vm.log("tailscale").contains("in the tailnet as \(vm.name).tail1.ts.net, 100.64.0.7"))
            #expect(vm.log("tailscale").contains("Funnel is off"))

            // A key is good for one time.
            try vm.configure("use tailscale\nDVM_TAILSCALE_FUNNEL_TARGET=http://127.0.0.1:3000\n")
            let shown = try vm.sync()
            #expect(shown.ran == ["tailscale"], "\(shown.told)")
            #expect(try vm.root("tailscale funnel status --json").contains("http://127.0.0.1:3000"))
            #expect(try !vm.root("journalctl -q --no-pager; cat /var/lib/tailscale/state.json").contains(key))
        }

        @Test func `llama downloads a model over TLS, serves it, and can do nothing else`() throws {
            try play("llama-server")
            let address = "https://localhost:8443/small.gguf"
            try vm.root(
                """
                mkdir -p /srv/models && cd /srv/models && head -c 3000000 /dev/urandom >small.gguf
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \\
                    -addext subjectAltName=DNS:localhost -keyout /run/models.key -out /run/models.pem 2>/dev/null
                cp /etc/ssl/certs/ca-certificates.crt /run/authorities.crt
                cat /run/models.pem >>/etc/ssl/certs/ca-certificates.crt
                cat >/run/models.py <<'END'
                import functools, http.server, ssl
                handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv/models")
                server = http.server.HTTPServer(("127.0.0.1", 8443), handler)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain("/run/models.pem", "/run/models.key")
                server.socket = context.wrap_socket(server.socket, server_side=True)
                server.serve_forever()
                END
                systemd-run -q --collect --unit=models python3 /run/models.py
                for i in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/8443) 2>/dev/null && break; sleep 0.2; done
                """
            )
            defer {
                remove(
                    """
                    systemctl stop models || true
                    systemctl disable -q --now dvm-llama || true
                    cp /run/authorities.crt /etc/ssl/certs/ca-certificates.crt
                    rm -rf /srv/models /run/models.* /etc/systemd/system/dvm-llama.service /var/lib/dvm-llama \\
                        /usr/local/bin/llama-server
                    """
                )
            }
            let digest = try String(vm.root("sha256sum /srv/models/small.gguf").prefix(64))
            let wrong = String(repeating: "0", count: 64)
            try vm.configure("use llama\nDVM_LLAMA_MODELS=(other=\(address)#\(wrong) small=\(address)#\(digest))\n")

            let refused = try vm.sync()
            #expect(refused.status == 1)
            #expect(refused.text.contains("\(address) has the SHA-256 \(digest), not \(wrong)"), "\(refused.told)")
            #expect(try vm.root("ls /var/lib/dvm-llama/models") == "")

            try vm.configure(
                "use llama\nDVM_LLAMA_MODELS=(other=\(address)#\(wrong) small=\(address)#\(digest))\nDVM_LLAMA_DEFAULT_MODEL=small\n"
            )
            let outcome = try vm.sync()
            #expect(outcome.ran == ["llama"], "\(outcome.told)")
            let said = try logs(with: "may: ")
            #expect(said.contains("model small has the SHA-256 \(digest)\n"), "\(said)")
            #expect(said.contains("may: nothing\n"), "\(said)")
            let models = "curl -sS --retry 9 --retry-connrefused http://127.0.0.1:8080/v1/models"
            #expect(try vm.developer(models).text == #"{"data": [{"id": "small"}]}"#)
            #expect(try vm.sync().ran == [])
            #expect(try vm.dvm("logs", vm.name, "llama", "-n", "1", "-o", "cat").lines.count == 1)
        }
    }
}
