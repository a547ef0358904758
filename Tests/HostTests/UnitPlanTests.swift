import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// A unit as tests need one.
func draft(
    _ name: String,
    text: String = "true",
    variables: [String: String] = [:],
    secrets: [UnitDraft.Secret] = [],
    needs: [String] = [],
    isRecipe: Bool = false
) -> UnitDraft {
    UnitDraft(
        name: name,
        identity: .root,
        prelude: HashedText("helper() { :; }"),
        script: HashedText(text),
        variables: variables,
        secrets: secrets,
        needs: needs,
        isRecipe: isRecipe,
        origin: "/config/recipes/\(name).sh"
    )
}

/// What is true in the VM of these tests.
func facts(_ release: String = "12", user: String = "developer") throws -> UnitFacts {
    var settings = Settings(for: try MachineName("app"))
    settings.user = user
    return UnitFacts(
        .init(distribution: "debian", release: release, architecture: "x86_64", kernel: "6.1"),
        settings,
        of: try MachineName("app")
    )
}

/// What a VM and this computer remember when these units have succeeded.
struct Past {
    var records: [UnitRecord] = []
    var notes = UnitNotes()

    init(_ drafts: [UnitDraft] = [], in place: UnitFacts? = nil) throws {
        let here = try place ?? facts()
        for unit in PlannedUnit.plan(drafts, in: here, records: [], notes: UnitNotes(), request: UnitRequest()) {
            // As if it was given all of its secrets.
            let (name, digest) = (unit.draft.name, unit.digest.text)
            let secrets = unit.draft.secrets.map(\.name)
            records.append(UnitRecord(name: name, digest: digest, finished: 1, secrets: secrets))
            notes.units[name] = UnitNote(digest: digest, parts: unit.parts, secrets: secrets)
        }
        notes.facts = here
    }

    func plan(_ drafts: [UnitDraft], in place: UnitFacts? = nil, _ request: UnitRequest = UnitRequest()) throws
        -> [String: PlannedUnit.Decision]
    {
        let here = try place ?? facts()
        let units = PlannedUnit.plan(drafts, in: here, records: records, notes: notes, request: request)
        return Dictionary(uniqueKeysWithValues: units.map { ($0.draft.name, $0.decision) })
    }
}

@Suite struct `Which units run` {
    let base = draft("baseline")
    let node = draft("node", variables: ["DVM_NODE_VERSION": "22"], needs: ["baseline"])
    let claude = draft("claude", needs: ["node"], isRecipe: true)
    var all: [UnitDraft] { [base, node, claude] }

    @Test func `is all of them in a new VM`() throws {
        #expect(try Past().plan(all) == ["baseline": .run(.new), "node": .run(.new), "claude": .run(.new)])
    }

    @Test func `is none when nothing has changed`() throws {
        #expect(try Past(all).plan(all) == ["baseline": .skip, "node": .skip, "claude": .skip])
    }

    @Test func `is those that have not succeeded yet`() throws {
        #expect(try Past([base]).plan(all) == ["baseline": .skip, "node": .run(.new), "claude": .run(.new)])
    }

    @Test(
        arguments: [
            (draft("node", text: "false", variables: ["DVM_NODE_VERSION": "22"], needs: ["baseline"]), ["its text"]),
            (draft("node", variables: ["DVM_NODE_VERSION": "24"], needs: ["baseline"]), ["DVM_NODE_VERSION"]),
            (draft("node", needs: ["baseline"]), ["DVM_NODE_VERSION"]),
            (
                draft("node", variables: ["DVM_NODE_VERSION": "22", "DVM_X": "1"], needs: ["baseline"]),
                ["DVM_X"]
            ),
            (draft("node", variables: ["DVM_NODE_VERSION": "22"]), ["the recipe baseline"]),
            (
                UnitDraft(
                    name: "node",
                    identity: .user,
                    prelude: HashedText("helper() { false; }"),
                    script: HashedText("true"),
                    variables: ["DVM_NODE_VERSION": "22"],
                    needs: ["baseline"],
                    origin: "elsewhere"
                ), ["the helpers of recipes", "whom it runs as"]
            ),
        ] as [(UnitDraft, [String])]
    )
    func `is those that changed, and what needs them, with the reason`(changed: UnitDraft, parts: [String]) throws {
        #expect(
            try Past(all).plan([base, changed, claude]) == [
                "baseline": .skip, "node": .run(.changed(parts)), "claude": .run(.changed(["the recipe node"])),
            ]
        )
    }

    @Test func `is all of them in another system, and for another user`() throws {
        let reasons = try Past(all).plan(all, in: facts("13"))
        #expect(reasons["baseline"] == .run(.changed(["the VM’s system"])))
        #expect(reasons["node"] == .run(.changed(["the VM’s system", "the recipe baseline"])))
        #expect(try Past([base]).plan([base], in: facts(user: "ada")) == ["baseline": .run(.changed(["DVM_USER"]))])
    }

    @Test func `is none for where a recipe's file is, its summary's place or the computer's memory`() throws {
        var moved = node
        moved.origin = "bundled, /usr/share/dvm/recipes/node.sh"
        var past = try Past(all)
        past.notes = UnitNotes()
        #expect(try past.plan([base, moved, claude]).values.allSatisfy { $0 == .skip })
    }

    @Test func `is explained only by what the VM remembers too`() throws {
        var past = try Past(all)
        let changed = draft("node", text: "false", variables: ["DVM_NODE_VERSION": "22"], needs: ["baseline"])
        // Another computer has run it meanwhile.
        past.records[1].digest = String(repeating: "0", count: 64)
        #expect(try past.plan([base, changed])["node"] == .run(.changed([])))
    }

    @Test(
        arguments: [
            "", "x", Brief(String(repeating: "f", count: 64)), Brief(String(repeating: "f", count: 1 << 20)),
            "\u{1B}[2J",
        ]
    )
    func `is those whose records mean nothing`(digest: Brief) throws {
        var past = try Past(all)
        past.records[0].digest = digest.text
        #expect(try past.plan(all)["baseline"] == .run(.changed([])))
    }

    @Test func `is not decided by records of others, or by a second one`() throws {
        var past = try Past(all)
        past.records.insert(UnitRecord(name: "node", digest: "old", finished: 0), at: 0)
        past.records.append(UnitRecord(name: "gone", digest: "x", finished: 0))
        #expect(try past.plan(all).values.allSatisfy { $0 == .skip })
    }

    @Test func `is all of them when that is forced`() throws {
        #expect(
            try Past(all).plan(all, UnitRequest(isForced: true)).values.allSatisfy { $0 == .run(.forced) }
        )
    }

    @Test func `is those asked for and what they need, if they must`() throws {
        #expect(
            try Past([base]).plan(all, UnitRequest(only: ["node"]))
                == ["baseline": .skip, "node": .run(.new), "claude": .leave]
        )
        #expect(
            try Past(all).plan(all, UnitRequest(isForced: true, only: ["node"]))
                == ["baseline": .skip, "node": .run(.forced), "claude": .leave]
        )
        #expect(
            try Past(all).plan(all, UnitRequest(only: ["claude"]))
                == ["baseline": .skip, "node": .skip, "claude": .skip]
        )
    }

    @Test func `is the recipes when programs are brought up to date, but for those without their secret`() throws {
        #expect(
            try Past(all).plan(all, UnitRequest(isUpdate: true))
                == ["baseline": .skip, "node": .skip, "claude": .run(.update)]
        )
        let secret = draft("tunnel", secrets: [.init(name: "TOKEN")], isRecipe: true)
        #expect(try Past([secret]).plan([secret], UnitRequest(isUpdate: true)) == ["tunnel": .skip])
        // And what must run anyway.
        #expect(
            try Past([base]).plan(all, UnitRequest(isUpdate: true))
                == ["baseline": .skip, "node": .run(.new), "claude": .run(.new)]
        )
    }

    @Test func `goes without a secret it keeps once it has run, as far as anybody remembers`() throws {
        func missing(_ secret: UnitDraft.Secret, _ change: (inout Past) -> Void = { _ in }) throws -> String? {
            let unit = draft("tunnel", secrets: [secret], isRecipe: true)
            var past = try Past([unit])
            change(&past)
            let planned = PlannedUnit.plan(
                [unit],
                in: try facts(),
                records: past.records,
                notes: past.notes,
                request: UnitRequest(isForced: true)
            )
            return planned[0].missingSecret
        }
        let kept = UnitDraft.Secret(name: "TOKEN", isKept: true)
        #expect(try missing(kept) == nil)
        // A run that failed since, a run from another computer, and none.
        #expect(try missing(kept) { $0.records = [] } == nil)
        #expect(try missing(kept) { $0.notes = UnitNotes() } == nil)
        #expect(try missing(kept) { ($0.records, $0.notes) = ([], UnitNotes()) } == "TOKEN")
        // A run without it, as before its header named it, one with another, and one of an older dvm, which does not say.
        for (names, lacks) in [([], "TOKEN"), (["OTHER"], "TOKEN"), (nil, nil)] as [([String]?, String?)] {
            let without: (inout Past) -> Void = { past in
                past.records[0].secrets = names
                past.notes.units["tunnel"]?.secrets = names
            }
            #expect(try missing(kept, without) == lacks)
        }
        #expect(try missing(UnitDraft.Secret(name: "TOKEN")) == "TOKEN")
    }

    @Test func `is not changed by an update`() throws {
        let digest = UnitDigest(UnitParts(of: claude, in: try facts(), needs: [:]), secrets: [])
        let updated = ProvisionUnit(claude, digest: digest, secrets: [:], isUpdate: true, timeLimit: 7)
        #expect(updated.variables == ["DVM_UPDATE": "1"])
        #expect(updated.digest == digest.text)
        let usual = ProvisionUnit(claude, digest: digest, secrets: [:], isUpdate: false, timeLimit: 7)
        #expect(usual.variables == [:])
        // Also when somebody sets it.
        var set = claude
        set.variables["DVM_UPDATE"] = "1"
        #expect(UnitParts(of: set, in: try facts(), needs: [:]) == UnitParts(of: claude, in: try facts(), needs: [:]))
    }

    @Test func `is refused for names that no unit has`() throws {
        let app = try MachineName("app")
        #expect(throws: Refusal("app has no recipe “nod”", hint: "did you mean node?")) {
            try PlannedUnit.check(["nod"], among: all, of: app)
        }
        #expect(throws: Refusal("app has no recipe “docker”", hint: "it has baseline, node, claude")) {
            try PlannedUnit.check(["docker", "node"], among: all, of: app)
        }
        #expect(
            throws: Refusal(
                "app has no recipe “a\\u{1b}”",
                hint: "its configuration uses none; add `use a\\u{1b}` to it"
            )
        ) {
            try PlannedUnit.check(["a\u{1B}"], among: [], of: app)
        }
        try PlannedUnit.check([], among: [], of: app)
    }
}

@Suite struct `A unit's digest` {
    @Test func `has no two readings`() throws {
        func digest(_ variables: [String: String]) throws -> UnitDigest {
            UnitDigest(UnitParts(of: draft("x", variables: variables), in: try facts(), needs: [:]), secrets: [])
        }
        let all = try [
            ["DVM_A": "1", "DVM_B": "2"], ["DVM_A": "1DVM_B2"], ["DVM_A": "", "DVM_B": "12"],
            ["DVM_A": "12", "DVM_B": ""],
            ["DVM_AD": "VM_B"], [:],
        ].map(digest)
        #expect(Set(all).count == all.count)
        #expect(all.allSatisfy { $0.text.utf8.count == 64 && $0.text.allSatisfy(\.isHexDigit) })
    }

    @Test func `is the same on every computer`() throws {
        let parts = UnitParts(of: draft("x", variables: ["DVM_A": "ü"]), in: try facts(), needs: [:])
        // Computed with another implementation; a change of this runs every unit in every VM again.
        #expect(
            UnitDigest(parts, secrets: []).text == "84632cbdf62bc62689d3425b2d6849d700000000000000000000000000000000"
        )
    }

    private func digest(_ secrets: [UnitDraft.Secret]) throws -> UnitDigest {
        UnitDigest(UnitParts(of: draft("x", secrets: secrets), in: try facts(), needs: [:]), secrets: secrets)
    }

    private func secret(_ value: String?, _ key: SecretKey = SecretKey([1])) -> UnitDraft.Secret {
        UnitDraft.Secret(
            name: "TOKEN",
            source: value.map { _ in .variable("TOKEN") },
            code: value.map { key.code(for: Array($0.utf8)) }
        )
    }

    @Test func `tells another secret from one that is not there`() throws {
        let record = try digest([secret("old")]).text
        #expect(try digest([secret("old")]).matches(record))
        #expect(try !digest([secret("new")]).matches(record))
        #expect(try digest([secret("new")]).differsInSecrets(from: record))
        #expect(try digest([secret(nil)]).matches(record))
        #expect(try !digest([secret("old", SecretKey([2]))]).matches(record))
    }

    @Test func `is nothing that a secret could be guessed by`() throws {
        // With the key of another VM, the same secret is another number; without any, there is nothing to compute.
        #expect(try digest([secret("1234", .random())]) != digest([secret("1234", .random())]))
    }
}
