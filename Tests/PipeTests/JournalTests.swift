import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

extension `Setting a VM up, over pipes` {
    @Suite struct `The journal of a service` {
        private let stage: SetUpStage

        init() throws { stage = try SetUpStage() }

        /// Puts a script in the place of journalctl.
        private func journalctl(_ script: String) throws {
            try stage.shell(
                """
                mkdir -p /var/lib/fake && cat >/var/lib/fake/journalctl <<'END'
                #!/bin/sh
                \(script)
                END
                chmod 755 /var/lib/fake/journalctl
                mount --bind /var/lib/fake/journalctl /usr/bin/journalctl
                """
            )
        }

        @Test func `is read as root, word for word, with its streams and its status`() throws {
            try journalctl(#"id -u; printf '<%s>' "$@"; echo; echo complaint >&2; cat; exit 3"#)
            let options = try JournalQuery.Options(words: ["-n", "5", "--since", "2026-11-21 15:30", "-o", "json"])
            let query = JournalQuery(unit: "dvm-llama.service", options: options)
            let client = stage.client
            let channel = try client.open(.program(Program(.journal(query))))
            let outcome = try client.follow(channel) { $0.complaint.contains("\n") || $0.ending != nil }
            client.endInput(of: channel)
            #expect(
                outcome.text == """
                    0
                    <--no-pager><--quiet><--lines=5><--output=json><--since=2026-11-21 15:30>\
                    <_SYSTEMD_UNIT=dvm-llama.service><+><UNIT=dvm-llama.service><_PID=1><+>\
                    <_SYSTEMD_USER_UNIT=dvm-llama.service><_UID=64101><+>\
                    <USER_UNIT=dvm-llama.service><_UID=64101>

                    """
            )
            #expect(outcome.complaint == "complaint\n")
            #expect(try client.follow(channel).ending == .exit(.exited(3)))
        }

        @Test func `is followed until nobody listens any more`() throws {
            let mark = ProcessMark()
            try journalctl("echo line; exec sleep \(mark.seconds)")
            let query = JournalQuery(unit: "x", options: .init(follows: true))
            let client = stage.client
            let channel = try client.open(.program(Program(.journal(query))))
            _ = try client.follow(channel) { $0.text == "line\n" || $0.ending != nil }
            while try !mark.isRunning() { usleep(10_000) }
            client.leave()
            let start = ContinuousClock.now
            while try mark.isRunning(), start.duration(to: .now) < .seconds(20) { usleep(10_000) }
            #expect(try !mark.isRunning())
        }
    }
}
