#pragma once
#include <stdint.h>
#include <stddef.h>

// Each header's functions live in the .c file of the same name.
#include "elementwise.h"
#include "half.h"
#include "lanes.h"
#include "levels.h"
#include "memory.h"
#include "optimizers.h"
#include "pooling.h"
#include "products.h"
#include "random.h"
#include "reductions.h"
#include "rowdots.h"
#include "rows.h"
#include "windows.h"
#include "winograd.h"
#include "winograd2.h"
