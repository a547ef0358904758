/// An owned descriptor where only what can be copied can be kept: in an array, or as an optional part of a class.
///
/// Closed when the last of those who refer to it is gone.
final class SharedDescriptor {
    let owned: OwnedDescriptor

    init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

    var raw: FileDescriptor { owned.raw }
}
