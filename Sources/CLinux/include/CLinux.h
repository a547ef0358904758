// What Swift's Glibc module does not export, one header per subject.
#pragma once

#include "descriptors.h"
#include "files.h"
#include "identity.h"
#include "landlock.h"
#include "mounts.h"
#include "network.h"
#include "probe.h"
#include "process.h"
#include "attacks.h"
#include "alone.h"
