import Foundation
import Testing

/// A rule about the sources that a reader could check with `grep`.
struct Rule: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What is wrong with a file, a line each; nothing when it keeps the rule.
    var complaints: @Sendable (SourceFile) -> [String]

    /// A rule that a pattern occurs nowhere in a folder but in these files and folders.
    static func pattern(_ name: String, _ pattern: String, in folder: String = "", except places: [String] = []) -> Self
    {
        Self(testDescription: name) { file in
            guard file.isIn([folder + (folder.isEmpty ? "" : "/")]) || folder.isEmpty, !file.isIn(places) else {
                return []
            }
            return file.code.filter { $0.text.range(of: pattern, options: .regularExpression) != nil }.map {
                "\(file.path):\($0.number): \($0.text.trimmingCharacters(in: .whitespaces))"
            }
        }
    }
}

extension Rule {
    /// What each part of the product may import, and where; the first line that fits a file counts.
    private static let imports: [(place: String, modules: Set<String>)] = [
        ("Protocol/MessageCoding.swift", ["FoundationEssentials", "Foundation"]),
        ("Protocol/", []),
        ("Transfer/System/System.swift", ["System", "SystemPackage"]),
        ("Transfer/", ["DVMProtocol", "Darwin", "Glibc"]),
        ("dvm-guest/Enter/", guest.union(["CCap"])),
        ("dvm-guest/SystemCalls/", guest.union(["CSeccomp"])),
        ("dvm-guest/Linux/System.swift", ["SystemPackage"]),
        ("dvm-guest/", guest),
        ("dvm-host/Support/CLibrary.swift", ["Darwin", "Glibc"]),
        ("dvm-host/Support/System.swift", ["System", "SystemPackage"]),
        ("dvm-host/Support/Files.swift", host.union(["FoundationEssentials", "Foundation"])),
        ("dvm-host/Support/HostEnvironment.swift", host.union(["FoundationEssentials", "Foundation"])),
        ("dvm-host/Support/HostFacts.swift", host.union(["FoundationEssentials", "Foundation"])),
        ("dvm-host/Support/BoundedRun.swift", host.union(["Subprocess"])),
        ("dvm-host/Support/RunningGroups.swift", host.union(["Synchronization"])),
        ("dvm-host/Support/Editor.swift", host.union(["Subprocess"])),
        ("dvm-host/Support/DesktopProgram.swift", host.union(["Subprocess"])),
        ("dvm-host/Support/Clipboard.swift", host.union(["Subprocess"])),
        ("dvm-host/Lima/Limactl.swift", host.union(["Subprocess"])),
        ("dvm-host/Link/LinkProcess.swift", host.union(["Dispatch", "Synchronization"])),
        ("dvm-host/Link/GuestWorker.swift", host.union(["Dispatch"])),
        ("dvm-host/Machines/TimeLimit.swift", host.union(["Synchronization"])),
        ("dvm-host/Terminal/", host.union(["Synchronization"])),
        ("dvm-host/", host),
    ]
    private static let guest: Set<String> = ["DVMProtocol", "DVMTransfer", "ArgumentParser", "Glibc", "CLinux"]
    private static let host: Set<String> = ["DVMProtocol", "DVMTransfer", "ArgumentParser"]

    static let importTable = Self(testDescription: "imports") { file in
        let allowed = imports.first { file.isIn([$0.place]) }?.modules ?? []
        return file.code.compactMap { number, line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword <= 2, words.count > keyword + 1 else {
                return nil
            }
            // Also `import struct Foundation.URL`.
            let module = words[words.count - 1].split(separator: ".").first.map(String.init) ?? ""
            return allowed.contains(module) ? nil : "\(file.path):\(number): imports \(module)"
        }
    }

    /// Only Lima/ finds and starts `limactl`; what else it makes known is a command to be run.
    static let limactl = pattern(
        "starting limactl",
        #"DVM_LIMACTL"|program: "limactl"|[^\w]GuestCommand\("#,
        in: "dvm-host",
        except: [
            "dvm-host/Lima/", "dvm-host/Link/Checksum.swift",
            // Says that its variable does not belong in a file.
            "dvm-host/Configuration/RetiredVariable.swift",
        ]
    )

    /// A program of its own choice is started by these only.
    static let starting = pattern(
        "starting programs",
        #"\bposix_spawnp?\(|\bBoundedRun\(|\bexecv[pe]*\(|\bfork\(|\bsystem\(|\bdvm_start_alone\("#,
        except: [
            "dvm-host/Lima/Limactl.swift", "dvm-host/Configuration/Evaluation.swift",
            "dvm-host/Secrets/SecretReader.swift",
            "dvm-host/Link/SpawnSettings.swift", "dvm-host/Support/DesktopProgram.swift",
            "dvm-guest/Serve/Child.swift", "dvm-guest/Tasks/Run.swift", "dvm-guest/Enter/",
            "dvm-guest/Network/NameLookup.swift", "dvm-guest/Work/LoneGit.swift",
            "dvm-guest/SelfTest/AttackRunner.swift", "dvm-guest/SelfTest/AttackAnswer+Programs.swift",
        ]
    )

    /// Changes of user, rights and mounts, by the C library's names and by the names our headers give them.
    static func identity(_ ours: [String]) -> Self {
        let calls = [
            "set(re|res|e|fs)?[ug]id", "setgroups", "initgroups", "unshare", "setns", "chroot", "pivot_root",
            "u?mount2?",
            "prctl", "capset", "cap_set_proc", "seccomp_load",
        ]
        return pattern(
            "changing identity",
            "\\b(\((calls + ours).joined(separator: "|")))\\(",
            except: ["dvm-guest/Enter/"]
        )
    }

    static let nameService = pattern(
        "asking the name service",
        #"\bget(pw|gr|sp)(nam|uid|gid|ent)(_r)?\(|\bgetaddrinfo\(|\bgethostby|\bgetlogin|\bgetgrouplist\(|\bwordexp\("#
            + #"|attributesOfItem|homeDirectoryForCurrentUser|NSHomeDirectory|NSUserName"#,
        in: "dvm-guest"
    )

    static let unsafe = pattern(
        "unsafe",
        #"\bunsafe\b|nonisolated\(unsafe\)"#,
        except: [
            "Transfer/", "dvm-guest/Copy/",
            "dvm-guest/Linux/", "dvm-guest/Enter/", "dvm-guest/Files/", "dvm-guest/Wrapper/",
            "dvm-guest/Network/IPAddress.swift", "dvm-guest/Network/NameLookup.swift",
            "dvm-guest/Network/Sockets.swift", "dvm-guest/Network/KernelFile.swift",
            "dvm-guest/Network/GateContext.swift", "dvm-guest/Network/GateDoors.swift",
            "dvm-guest/Network/SessionNetwork.swift",
            "dvm-guest/SystemCalls/RuleFilter.swift",
            "dvm-guest/Access/AccessWalk.swift", "dvm-guest/Access/SecretNames.swift",
            "dvm-guest/Serve/BuildID.swift", "dvm-guest/Serve/Child.swift", "dvm-guest/Serve/Clock.swift",
            "dvm-guest/Serve/Facts.swift", "dvm-guest/Serve/LinkStreams.swift",
            "dvm-guest/Provision/HostName.swift",
            "dvm-guest/Tasks/Entering.swift", "dvm-guest/Tasks/ReachOrder+Run.swift", "dvm-guest/Tasks/Run.swift",
            "dvm-guest/Work/LoneGit.swift", "dvm-guest/Keys/",
            "dvm-guest/SelfTest/", "dvm-guest/Access/Denial.swift", "dvm-guest/Access/DeniedPlaces.swift",
            "dvm-host/Link/", "dvm-host/Terminal/RawMode.swift", "dvm-host/Terminal/TerminalDevice.swift",
            "dvm-host/Support/Files.swift", "dvm-host/Support/LocalPort.swift", "dvm-host/Support/OwnArguments.swift",
            "dvm-host/Support/OwnExecutable.swift", "dvm-host/Support/RunningGroups.swift",
        ]
    )

    /// Standard output belongs to the protocol there.
    static let printing = Self(testDescription: "printing") { file in
        [
            "Serve", "Enter", "Tasks", "Linux", "Files", "Provision", "Guard", "Access", "Network", "Work", "Keys",
            "Review",
        ].flatMap {
            pattern("", #"\bprint\(|\bdebugPrint\(|\bputs\(|\bprintf\("#, in: "dvm-guest/\($0)").complaints(file)
        }
    }

    static let unfinished = pattern("unfinished", #"\b(TODO|FIXME|XXX|HACK)\b"#)

    static let length = Self(testDescription: "length") { file in
        let lines = file.text.count { $0 == "\n" }
        return lines > 350 ? ["\(file.path): \(lines) lines"] : []
    }

    static func recipes(_ names: [String]) -> Self {
        guard !names.isEmpty else { return Self(testDescription: "recipes") { _ in [] } }
        let any = names.map(NSRegularExpression.escapedPattern).joined(separator: "|")
        return pattern("recipes", "recipes/(\(any))\\b|\\b(\(any))\\.sh\\b")
    }

    /// The types that the files of a folder declare at their top.
    static func types(_ folder: String, of files: [SourceFile]) -> [String] {
        files.filter { $0.isIn([folder]) }.flatMap(\.code).compactMap { _, line in
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "@" && $0 != " " }.first?
                .split(separator: " ").map(String.init)
            guard !line.hasPrefix(" "), let words,
                let keyword = words.firstIndex(where: { ["struct", "enum", "class", "actor", "protocol"].contains($0) }
                ),
                words.count > keyword + 1
            else { return nil }
            return words[keyword + 1]
        }
    }

    /// A folder that must not know the types of another.
    static func strangers(_ folder: String, to types: [String]) -> Self {
        Self(testDescription: "\(folder) and its neighbour") { file in
            guard file.isIn([folder]) else { return [] }
            return file.code.compactMap { number, line in
                // Words in messages are no use of a type.
                let code = line.replacingOccurrences(of: #""[^"]*""#, with: "\"\"", options: .regularExpression)
                let words = Set(code.split { !$0.isLetter && !$0.isNumber }.map(String.init))
                let used = words.intersection(types)
                return used.isEmpty ? nil : "\(file.path):\(number): uses \(used.sorted().joined(separator: ", "))"
            }
        }
    }
}
