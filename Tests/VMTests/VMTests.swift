import Testing

/// What dvm promises, in a real VM.
///
/// One after another: they share a VM, and an emulated one has no time for two things at once. Files are run in the
/// order of their names, those that make trouble last.
@Suite(.serialized, .virtualMachines) struct VMTests {}
