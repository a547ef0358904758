// Paths, descriptors and errno as types, everywhere in this module without importing them again.
@_exported public import SystemPackage
