// What Swift's Glibc module does not export, one header per subject.
#pragma once

#include "process.h"
