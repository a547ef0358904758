import Foundation
import TestSupport
import Testing

extension VMTests {
    @Suite struct `Ports of a VM, and what opens them` {
        let vm: TestVM
        /// A place for programs of the person's that only write down what they were told.
        let programs = "/tmp/dvm-desktop-\(getpid())"

        init() throws { vm = try VirtualMachines.current.shared }

        /// Variables with which a program of this name, which writes its arguments into a file, comes first.
        private func environment(with program: String) throws -> [String: String] {
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
            let path = "\(programs)/\(program)"
            try "#!/bin/sh\nprintf '%s\\n' \"$@\" >\(programs)/told\n".write(
                toFile: path,
                atomically: true,
                encoding: .utf8
            )
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            return ["PATH": "\(programs):\(vm.environment["PATH"] ?? "/usr/bin:/bin")"]
        }

        private var told: String? { try? String(contentsOfFile: "\(programs)/told", encoding: .utf8) }

        @Test func `are listed with who listens, and opened`() throws {
            defer { try? FileManager.default.removeItem(atPath: programs) }
            let port = try #require(vm.port)
            let variables = try environment(with: "xdg-open")
            let early = try vm.dvm("open", vm.name, environment: variables)
            #expect(early.complaint.contains("nothing listens on port \(port.guest) in \(vm.name) yet"))

            let server = try vm.start([
                "ssh", vm.name, "-T", "--", "python3", "-m", "http.server", "\(port.guest)", "--bind", "127.0.0.1",
            ])
            defer { server.signal(SIGTERM) }
            var list = try vm.dvm("ports", vm.name).lines
            for _ in 0..<20 where !list.contains(where: { $0.hasPrefix("\(port.guest) ") && $0.contains("python3") }) {
                list = try vm.dvm("ports", vm.name).lines
            }
            let row = list.first { $0.hasPrefix("\(port.guest) ") }?.split(separator: " ").map(String.init)
            #expect(row == ["\(port.guest)", "127.0.0.1", vm.user, "python3", "-", "127.0.0.1:\(port.host)"])
            #expect(list.contains { $0.hasPrefix("22 ") && $0.contains(" root ") && $0.contains(" sshd ") })

            let opened = try vm.dvm("open", vm.name, "\(port.guest)", environment: variables)
            #expect(opened.status == 0 && !opened.complaint.contains("nothing listens"), "\(opened.complaint)")
            #expect(told == "http://127.0.0.1:\(port.host)\n")
            #expect(try vm.dvm("open", vm.name, "1").status == 64)
        }

        @Test func `a session's are its own`() throws {
            let server = try vm.start([
                "ai", "shell", vm.name, "--", "-c", "exec python3 -m http.server 4321 --bind 127.0.0.1",
            ])
            defer { server.signal(SIGTERM) }
            struct Report: Decodable {
                struct Port: Decodable {
                    var port: Int
                    var user, program, session: String?
                }
                var listening: [Port]
            }
            var found: Report.Port?
            for _ in 0..<40 where found == nil {
                let text = try vm.dvm("ports", vm.name, "--json").output
                found = try JSONDecoder().decode(Report.self, from: Data(text)).listening.first { $0.port == 4321 }
            }
            #expect(found?.user == "dvm-agent" && found?.program == "python3", "\(String(describing: found))")
            let sessions = try vm.dvm("sessions", vm.name).text
            #expect(found?.session.map(sessions.contains) == true)
        }

        @Test func `an editor is started only when ssh knows the way`() throws {
            defer { try? FileManager.default.removeItem(atPath: programs) }
            let variables = try environment(with: "code")
            #expect(try vm.dvm("ssh-config", "--remove").status == 0)
            let refused = try vm.dvm("code", vm.name, environment: variables)
            #expect(refused.status == 1 && refused.complaint.contains("dvm ssh-config --install"))
            #expect(told == nil)

            #expect(try vm.dvm("ssh-config", "--install").status == 0)
            let outcome = try vm.dvm("code", vm.name, environment: variables)
            #expect(outcome.status == 0, "\(outcome.complaint)")
            #expect(told == "--remote\nssh-remote+\(vm.instance)\n\(vm.project)\n")
        }
    }
}
