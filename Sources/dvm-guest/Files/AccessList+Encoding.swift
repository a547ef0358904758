/// Access lists as the kernel has them in the attributes `system.posix_acl_access` and `system.posix_acl_default`
/// (linux/posix_acl_xattr.h): a version, then eight bytes an entry, all in little-endian order.
///
/// Read and written here and not by libacl, which has no calls for descriptors opened with O_PATH: the lists of a whole
/// project are then compared as bytes, and taken apart only where they differ from one that is known.
extension AccessList {
    private static let version: UInt32 = 2

    /// The list in an attribute.
    ///
    /// - Returns: nothing when it is not one: an entry of an unknown kind, or a length that no list has.
    init?(bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count >= 4, bytes.count % 8 == 4, Self.number(bytes[0..<4]) == Self.version else { return nil }
        entries = [:]
        for start in stride(from: 4, to: bytes.count, by: 8) {
            let tag = Self.number(bytes[start..<(start + 2)])
            let rights = Self.number(bytes[(start + 2)..<(start + 4)])
            let id = Self.number(bytes[(start + 4)..<(start + 8)])
            guard rights <= 7, let subject = Subject(tag: tag, id: id), entries[subject] == nil else { return nil }
            entries[subject] = UInt8(rights)
        }
    }

    /// The attribute of the list.
    var bytes: [UInt8] {
        var bytes = Self.bytes(Self.version, 4)
        // The kernel takes them in this order only.
        for (subject, rights) in entries.sorted(by: { $0.key.order < $1.key.order }) {
            bytes += Self.bytes(subject.tag, 2) + Self.bytes(UInt32(rights), 2) + Self.bytes(subject.id, 4)
        }
        return bytes
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bytes(_ number: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}

extension AccessList.Subject {
    fileprivate init?(tag: UInt32, id: UInt32) {
        switch tag {
        case 0x01: self = .owner
        case 0x02: self = .user(id)
        case 0x04: self = .owningGroup
        case 0x08: self = .group(id)
        case 0x10: self = .mask
        case 0x20: self = .others
        default: return nil
        }
    }

    fileprivate var tag: UInt32 {
        switch self {
        case .owner: 0x01
        case .user: 0x02
        case .owningGroup: 0x04
        case .group: 0x08
        case .mask: 0x10
        case .others: 0x20
        }
    }

    fileprivate var id: UInt32 {
        switch self {
        case .user(let id), .group(let id): id
        case .owner, .owningGroup, .mask, .others: .max
        }
    }

    fileprivate var order: UInt64 { UInt64(tag) << 32 | UInt64(id) }
}
