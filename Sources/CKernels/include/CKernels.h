#pragma once
#include <stdint.h>
#include <stddef.h>

// Each header's functions live in the .c file of the same name.
#include "memory.h"
