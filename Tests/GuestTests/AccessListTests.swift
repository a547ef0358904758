import Foundation
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `An access list` {
    private static let agent: UInt32 = 999

    /// Lists of every shape the kernel accepts: with named entries there is a mask.
    private func list(_ random: inout SeededGenerator) -> AccessList {
        func bits() -> UInt8 { UInt8.random(in: 0...7, using: &random) }
        var entries: [AccessList.Subject: UInt8] = [.owner: bits(), .owningGroup: bits(), .others: bits()]
        for id in [8, 9, Self.agent] where Bool.random(using: &random) { entries[.user(UInt32(id))] = bits() }
        if Bool.random(using: &random) { entries[.group(7)] = bits() }
        let isNamed = entries.count > 3
        if isNamed || Bool.random(using: &random) { entries[.mask] = bits() }
        return AccessList(entries: entries)
    }

    private func others(_ list: AccessList) -> [AccessList.Subject: UInt8] {
        var effective: [AccessList.Subject: UInt8] = [:]
        for subject in list.entries.keys where subject != .mask && subject != .user(Self.agent) {
            effective[subject] = list.effective(subject)
        }
        return effective
    }

    @Test func `is these bytes to the kernel`() {
        // As `getfattr -e hex -n system.posix_acl_access` shows u::rw-,u:64302:r--,g::r--,g:5:---,m::rw-,o::r--.
        let hex = """
            02000000 01000600ffffffff 020004002efb0000 04000400ffffffff 0800000005000000 10000600ffffffff \
            20000400ffffffff
            """
        let digits = Array(hex.filter { !$0.isWhitespace })
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        let list = AccessList(entries: [
            .owner: 6, .user(64_302): 4, .owningGroup: 4, .group(5): 0, .mask: 6, .others: 4,
        ])
        #expect(list.bytes == bytes)
        #expect(AccessList(bytes: bytes) == list)
    }

    @Test func `comes back from its bytes`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<5000 {
            let list = list(&random)
            #expect(AccessList(bytes: list.bytes) == list)
        }
    }

    @Test func `is not made of bytes that are none`() {
        let good = AccessList(mode: 0o755).bytes
        #expect(AccessList(bytes: [UInt8]()) == nil)
        for cut in 1..<good.count where cut % 8 != 4 { #expect(AccessList(bytes: good[..<cut]) == nil, "\(cut)") }
        for (at, value) in [(0, 3), (4, 3), (6, 8)] as [(Int, UInt8)] {
            var bytes = good
            bytes[at] = value
            #expect(AccessList(bytes: bytes) == nil, "\(at)")
        }
        #expect(AccessList(bytes: good + good.dropFirst(4)) == nil, "an entry twice")
        var random = SeededGenerator(seed: 4)
        for length in 0..<200 {
            _ = AccessList(bytes: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }

    @Test func `of a mode is that mode`() {
        #expect(AccessList(mode: 0o640).entries == [.owner: 6, .owningGroup: 4, .others: 0])
    }

    /// What a change for the agent must never do, for every list.
    @Test func `leaves everybody else what they have, whatever the agent is given or loses`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let list = list(&random)
            let bits = UInt8.random(in: 0...7, using: &random)
            let granted = list.granting(Self.agent, bits)
            #expect(granted.effective(.user(Self.agent)) == bits)
            #expect(others(granted) == others(list))
            let denied = list.denying(Self.agent)
            #expect(denied.effective(.user(Self.agent)) == 0)
            #expect(denied.shutsOut(Self.agent))
            #expect(others(denied) == others(list))
            let withdrawn = granted.withdrawing(Self.agent)
            #expect(withdrawn.entries[.user(Self.agent)] == nil)
            #expect(others(withdrawn) == others(list))
        }
    }

    @Test(arguments: [0o644, 0o755, 0o600, 0o777, 0o444, 0o710] as [UInt32])
    func `is what it was after the agent's entry came and went`(mode: UInt32) {
        let list = AccessList(mode: mode)
        #expect(list.granting(Self.agent, 7).withdrawing(Self.agent) == list)
    }

    @Test func `gives the owning group rights and nobody else more`() {
        let list = AccessList(entries: [.owner: 6, .user(8): 7, .owningGroup: 7, .mask: 4, .others: 0])
        #expect(
            list.grantingGroup(6).entries == [.owner: 6, .user(8): 4, .owningGroup: 6, .mask: 6, .others: 0]
        )
        #expect(AccessList(mode: 0o600).grantingGroup(6) == AccessList(mode: 0o660))
    }
}

@Suite struct `What becomes of a file's access list` {
    private static let order = order(.grant)
    private static func order(_ job: AccessOrder.Job) -> AccessOrder {
        AccessOrder(job: job, agent: 999, agentGroup: 998, group: 1000, hidesSecrets: true)
    }

    private func change(
        _ file: AccessPlan.File,
        _ job: AccessOrder.Job = .grant
    ) -> AccessPlan.Change? { AccessPlan(order: Self.order(job)).change(for: file) }

    private func list(_ entries: [AccessList.Subject: UInt8]) -> [UInt8] { AccessList(entries: entries).bytes }

    @Test func `gives the agent the owner's rights`() {
        #expect(
            change(.init(mode: 0o754, group: 5))
                == .init(access: list([.owner: 7, .user(999): 7, .owningGroup: 5, .mask: 7, .others: 4]))
        )
        #expect(
            change(.init(mode: 0o444, group: 5))
                == .init(access: list([.owner: 4, .user(999): 4, .owningGroup: 4, .mask: 4, .others: 4]))
        )
    }

    @Test func `gives a directory what its files begin with, and the developer's group`() {
        let own = change(.init(isDirectory: true, mode: 0o755, group: 1000))
        #expect(
            own
                == .init(
                    access: list([.owner: 7, .user(999): 7, .owningGroup: 5, .mask: 7, .others: 5]),
                    inherited: list([.owner: 7, .user(999): 7, .owningGroup: 7, .mask: 7, .others: 5]),
                    setgid: true
                )
        )
        // A group the developer chose: many may be in it.
        let shared = change(.init(isDirectory: true, mode: 0o2750, group: 5))
        #expect(shared?.setgid == nil)
        #expect(shared?.inherited == list([.owner: 7, .user(999): 7, .owningGroup: 5, .mask: 7, .others: 0]))
    }

    @Test func `leaves alone what is its owner's only`() {
        #expect(change(.init(mode: 0o600, group: 1000)) == .init(reason: .closed))
        #expect(change(.init(isDirectory: true, mode: 0o700, group: 1000)) == .init(reason: .closed))
        // `chmod 600` on a file with an entry empties the mask, and the entry must not come back with the next one.
        let held = list([.owner: 6, .user(999): 6, .owningGroup: 4, .mask: 0, .others: 0])
        let shut = list([.owner: 6, .user(999): 0, .owningGroup: 4, .mask: 0, .others: 0])
        #expect(change(.init(mode: 0o600, group: 1000, access: held)) == .init(access: shut, reason: .closed))
    }

    @Test func `opens the project itself whatever its mode`() {
        let top = change(.init(isDirectory: true, isTop: true, mode: 0o700, group: 1000))
        #expect(top?.access == list([.owner: 7, .user(999): 7, .owningGroup: 0, .mask: 7, .others: 0]))
    }

    @Test func `shuts the agent out of a secret that others may read`() {
        #expect(
            change(.init(isSecret: true, mode: 0o644, group: 1000))
                == .init(
                    access: list([.owner: 6, .user(999): 0, .owningGroup: 4, .mask: 4, .others: 4]),
                    reason: .secret
                )
        )
    }

    @Test func `gives the developer's group what the agent made`() {
        #expect(
            change(.init(mode: 0o600, group: 998), .share)
                == .init(givesGroup: true, access: list([.owner: 6, .owningGroup: 6, .others: 0]))
        )
        #expect(change(.init(mode: 0o644, group: 5), .share) == .init(), "a group the developer chose")
        #expect(change(.init(mode: 0o660, group: 1000), .share) == .init())
    }

    @Test func `changes nothing that is right already`() {
        for file in [
            AccessPlan.File(mode: 0o644, group: 1000), .init(isDirectory: true, mode: 0o755, group: 1000),
            .init(isDirectory: true, isTop: true, mode: 0o700, group: 5), .init(isSecret: true, mode: 0o640, group: 1),
        ] {
            guard let first = change(file) else {
                Issue.record("no change")
                continue
            }
            var second = file
            second.access = first.access ?? []
            second.inherited = first.inherited ?? []
            if first.setgid == true { second.mode |= 0o2000 }
            #expect(change(second)?.isNothing == true, "\(file)")
        }
    }

    @Test func `takes back what it gave, and nothing else`() {
        for (mode, group) in [(0o755, 1000), (0o750, 1000), (0o775, 5)] as [(UInt32, UInt32)] {
            var file = AccessPlan.File(isDirectory: true, mode: mode, group: group)
            guard let given = change(file) else {
                Issue.record("no change")
                continue
            }
            file.access = given.access ?? []
            file.inherited = given.inherited ?? []
            if given.setgid == true { file.mode |= 0o2000 }
            let back = change(file, .withdraw)
            #expect(back?.access == AccessList(mode: mode).bytes)
            #expect(back?.inherited == [])
            #expect(back?.setgid == (given.setgid == true ? false : nil))
        }
        // A list of somebody's own stays.
        let own = AccessList(entries: [.owner: 7, .user(8): 5, .owningGroup: 5, .mask: 5, .others: 0])
        var file = AccessPlan.File(isDirectory: true, mode: 0o750, group: 5)
        file.inherited = own.granting(999, 7).bytes
        #expect(
            change(file, .withdraw)?.inherited == list([.owner: 7, .user(8): 5, .owningGroup: 5, .mask: 7, .others: 0])
        )
    }

    @Test func `does not touch a list it does not understand`() {
        #expect(change(.init(mode: 0o644, group: 5, access: [2, 0, 0, 0, 99, 0, 6, 0, 255, 255, 255, 255])) == nil)
    }
}

@Suite struct `Names of secrets` {
    @Test(arguments: [".env", ".env.local", ".env.production", ".netrc", "id_ed25519", ".git-credentials"])
    func `are known`(name: String) { #expect(SecretNames.contains(name)) }

    @Test(arguments: [".env.example", ".env.sample", ".environment", "env", "id_ed25519.pub", "cacert.pem", "", ".ENV"])
    func `are not others`(name: String) { #expect(!SecretNames.contains(name)) }
}
