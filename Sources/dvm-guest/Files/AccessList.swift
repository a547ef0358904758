internal import CACL
internal import DVMProtocol
internal import Glibc

/// A file's access list beyond owner, group and others: acl(5).
struct AccessList: Equatable {
    /// Whom an entry is about.
    enum Subject: Hashable {
        case owner
        case user(UInt32)
        case owningGroup
        case group(UInt32)
        case mask
        case others

        /// Whether the mask limits what it gets.
        var isMasked: Bool {
            switch self {
            case .user, .owningGroup, .group: true
            case .owner, .mask, .others: false
            }
        }
    }

    /// What each subject may, as the three bits of a mode.
    var entries: [Subject: UInt8]

    /// Shuts one user out of a directory and everything below it, and leaves everybody else exactly what they have.
    ///
    /// - Parameters:
    ///   - uid: who is shut out.
    ///   - file: what from; a descriptor that needs no right to read (O_PATH).
    ///   - path: what it is called in a refusal.
    /// - Returns: whether anything had to be changed.
    /// - Throws: a `Refusal` when the file system has no access lists, or the entry is not there afterwards.
    @discardableResult
    static func deny(uid: UInt32, on file: FileDescriptor, path: String) throws(Refusal) -> Bool {
        let present = try read(file, path)
        let wanted = present.denying(uid)
        guard wanted != present else { return false }
        try wanted.write(file, path)
        guard try read(file, path) == wanted else {
            throw Refusal("the access list of \(path) is not what was written to it")
        }
        return true
    }

    /// The list with one user shut out.
    ///
    /// A list that names users must have a mask, the most any but the owner and others get. A new one is what the owning
    /// group has, which is then what it keeps; one that is there is never recomputed: the owner may have narrowed it with
    /// `chmod`.
    ///
    /// An empty mask is the exception. With it the kernel does not look at the list at all (acl_permission_check in
    /// fs/namei.c), and a later `chmod o+rx` would let the user in. So it gets one bit, and the entries it held back are
    /// emptied: nobody has more than before.
    func denying(_ uid: UInt32) -> Self {
        var list = self
        let mask = entries[.mask] ?? entries[.owningGroup] ?? 0
        if mask == 0 { for subject in entries.keys where subject.isMasked { list.entries[subject] = 0 } }
        list.entries[.user(uid)] = 0
        list.entries[.mask] = mask == 0 ? 1 : mask
        return list
    }

    /// Whether the list keeps a user out whatever others may.
    func shutsOut(_ uid: UInt32) -> Bool { entries[.user(uid)] == 0 && entries[.mask] != 0 }

    // MARK: The file

    /// libacl has no calls for descriptors opened with O_PATH; this name means just the descriptor, and follows no link.
    private static func name(_ file: FileDescriptor) -> String { "/proc/self/fd/\(file.rawValue)" }

    private static let access = acl_type_t(ACL_TYPE_ACCESS)

    /// The list of a file; one made of its mode when it has none.
    static func read(_ file: FileDescriptor, _ path: String) throws(Refusal) -> Self {
        guard let list = unsafe acl_get_file(name(file), access) else { throw refusal(path) }
        defer { unsafe acl_free(UnsafeMutableRawPointer(list)) }
        var entries: [Subject: UInt8] = [:]
        var entry: acl_entry_t?
        var which = ACL_FIRST_ENTRY
        while unsafe acl_get_entry(list, which, &entry) == 1, let present = unsafe entry {
            which = ACL_NEXT_ENTRY
            guard let subject = unsafe subject(of: present) else {
                throw Refusal("the access list of \(path) has an entry of an unknown kind")
            }
            entries[subject] = unsafe permissions(of: present)
        }
        return Self(entries: entries)
    }

    private func write(_ file: FileDescriptor, _ path: String) throws(Refusal) {
        var list = unsafe acl_init(Int32(entries.count))
        defer { if let list = unsafe list { unsafe acl_free(UnsafeMutableRawPointer(list)) } }
        for (subject, bits) in entries {
            var entry: acl_entry_t?
            guard unsafe acl_create_entry(&list, &entry) == 0, let entry = unsafe entry else {
                throw Self.refusal(path)
            }
            guard unsafe Self.fill(entry, subject, bits) else { throw Self.refusal(path) }
        }
        guard let list = unsafe list, unsafe acl_set_file(Self.name(file), Self.access, list) == 0 else {
            throw Self.refusal(path)
        }
    }

    private static func refusal(_ path: String) -> Refusal {
        let error = Errno(rawValue: errno)
        guard error == .notSupported || error == .noFunction else {
            return Refusal("the access list of \(path) cannot be changed: \(error)")
        }
        return Refusal(
            "the file system of \(path) has no access lists, which keep the agent out of it",
            hint: "put it on ext4, xfs or btrfs mounted with the option acl, which is the default"
        )
    }

    // MARK: One entry

    private static func subject(of entry: acl_entry_t) -> Subject? {
        var tag = ACL_UNDEFINED_TAG
        guard unsafe acl_get_tag_type(entry, &tag) == 0 else { return nil }
        switch tag {
        case ACL_USER_OBJ: return .owner
        case ACL_GROUP_OBJ: return .owningGroup
        case ACL_MASK: return .mask
        case ACL_OTHER: return .others
        case ACL_USER, ACL_GROUP:
            guard let qualifier = unsafe acl_get_qualifier(entry) else { return nil }
            defer { unsafe acl_free(qualifier) }
            let id = unsafe qualifier.load(as: UInt32.self)
            return tag == ACL_USER ? .user(id) : .group(id)
        default: return nil
        }
    }

    private static func permissions(of entry: acl_entry_t) -> UInt8 {
        var set: acl_permset_t?
        guard unsafe acl_get_permset(entry, &set) == 0, let set = unsafe set else { return 0 }
        return [4, 2, 1].reduce(0) { unsafe acl_get_perm(set, acl_perm_t($1)) == 1 ? $0 | $1 : $0 }
    }

    private static func fill(_ entry: acl_entry_t, _ subject: Subject, _ bits: UInt8) -> Bool {
        let tag =
            switch subject {
            case .owner: ACL_USER_OBJ
            case .user: ACL_USER
            case .owningGroup: ACL_GROUP_OBJ
            case .group: ACL_GROUP
            case .mask: ACL_MASK
            case .others: ACL_OTHER
            }
        guard unsafe acl_set_tag_type(entry, tag) == 0 else { return false }
        if case .user(var id) = subject, unsafe acl_set_qualifier(entry, &id) != 0 { return false }
        if case .group(var id) = subject, unsafe acl_set_qualifier(entry, &id) != 0 { return false }
        var set: acl_permset_t?
        guard unsafe acl_get_permset(entry, &set) == 0, let set = unsafe set else { return false }
        return [4, 2, 1].filter { bits & $0 != 0 }.allSatisfy { unsafe acl_add_perm(set, acl_perm_t($0)) == 0 }
    }
}
