internal import DVMProtocol

/// A VM as `limactl list --json` describes it.
///
/// Lima adds keys with every release, so unknown ones are passed over; what dvm relies on must be there and be sane.
struct LimaInstance: Hashable, Sendable {
    enum Status: Hashable, Sendable {
        case running, stopped, broken
        /// Something between, such as `Installing`.
        case other(String)

        init(_ word: String) {
            self =
                switch word {
                case "Running": .running
                case "Stopped": .stopped
                case "Broken": .broken
                default: .other(String(word.prefix(40)).printable)
                }
        }

        var text: String {
            switch self {
            case .running: "running"
            case .stopped: "stopped"
            case .broken: "broken"
            case .other(let word): word.lowercased()
            }
        }
    }

    var name: String
    var status: Status
    var directory: FilePath
    var architecture: String
    /// The kind of VM, as Lima calls it.
    var vmType = ""
    var cpus: Int
    var memory: Int
    var disk: Int
    /// What Lima says is wrong with it.
    var errors: [String] = []
    /// What Lima would start it with, the person's defaults and overrides included; absent when it cannot be read.
    var configuration: EffectiveConfiguration?

    /// What dvm calls it; nothing when it is not one of dvm's.
    var machine: MachineName? { name.hasPrefix("dvm-") ? try? MachineName(name) : nil }
}

extension LimaInstance: Decodable {
    private enum CodingKeys: String, CodingKey {
        case name, status, dir, arch, vmType, cpus, memory, disk, errors, config
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        status = Status(try container.decode(String.self, forKey: .status))
        directory = FilePath(try container.decodeIfPresent(String.self, forKey: .dir) ?? "")
        architecture = try container.decodeIfPresent(String.self, forKey: .arch) ?? ""
        vmType = try container.decodeIfPresent(String.self, forKey: .vmType) ?? ""
        cpus = try container.decodeIfPresent(Int.self, forKey: .cpus) ?? 0
        memory = try container.decodeIfPresent(Int.self, forKey: .memory) ?? 0
        disk = try container.decodeIfPresent(Int.self, forKey: .disk) ?? 0
        // A broken instance may have errors of any shape and no configuration; that must not hide it.
        errors = (try? container.decodeIfPresent([String].self, forKey: .errors)) ?? []
        configuration = try? container.decodeIfPresent(EffectiveConfiguration.self, forKey: .config)
    }

    /// The instances in the output of `limactl list --json`: one object on each line.
    ///
    /// - Throws: a `Refusal` when a line is something else.
    static func list(_ output: [UInt8]) throws(Refusal) -> [Self] {
        var instances: [Self] = []
        for line in output.split(separator: UInt8(ascii: "\n")) where line.contains(where: { $0 > 0x20 }) {
            guard let instance = try? JSON.decode(Self.self, from: Array(line)) else {
                let start = String(decoding: line.prefix(80), as: UTF8.self).printable
                throw Refusal(
                    "`limactl list --json` said something that does not describe an instance: \(start)",
                    hint: "see what `limactl list --json` prints; DVM_LIMACTL can name another limactl"
                )
            }
            instances.append(instance)
        }
        return instances
    }
}
