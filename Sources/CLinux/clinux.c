// Everything in this module is inline, but SwiftPM wants a source file.
#include "CLinux.h"
