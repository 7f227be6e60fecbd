#include "include/rows.h"

#include "functions.h"

// Rows of up to 48 columns are taken 32 rows at a time, each padded to whole vectors of 16; longer
// ones one row at a time. Which of the two depends on the number of columns alone, and a row's
// result on that row alone, so rows may be cut anywhere. Both add column c in lane c % 16, then
// the lanes in halves.
enum { group = 32, short_row = 48 };

typedef float sixteen __attribute__((vector_size(64)));
typedef int32_t mask __attribute__((vector_size(64)));

// Combines lane j with lane j + 8, then + 4, + 2, + 1; every lane has the result.
#define TURN(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#define FOLD16(v, combine)                                                         \
  {                                                                                \
    sixteen w = TURN(v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);     \
    v = combine(v, w);                                                             \
    w = TURN(v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);             \
    v = combine(v, w);                                                             \
    w = TURN(v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);             \
    v = combine(v, w);                                                             \
    w = TURN(v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);             \
    v = combine(v, w);                                                             \
  }
#define PLUS(a, b) ((a) + (b))
#define BLEND(which, a, b) ((sixteen)(((which) & (mask)(a)) | (~(which) & (mask)(b))))
#define LARGER(a, b) BLEND((a) > (b), a, b)

// v = x[c ..< c + 16] with `filler` from `columns` on; reads all 16.
#define LOAD_PADDED(v, x, c, columns, filler)                                        \
  sixteen v;                                                                         \
  memcpy(&v, (x) + (c), sizeof(v));                                                  \
  if ((c) + 16 > (columns)) {                                                        \
    const mask place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};       \
    mask inside = place < (int32_t)((columns) - (c));                                \
    v = BLEND(inside, v, (sixteen){0} + (filler));                                   \
  }

typedef struct {
  float in[group * short_row + 16];   // the rows, when the array ends within 16 of them
  float e[group * short_row];         // e^(x - shift), rows padded to `width`
  float out[group * short_row + 16];  // rows without gaps
  float shift[group], sum[group];
} short_rows;

// Fills e, and for all 32 rows shift (each row's largest; 0 for an infinite one if `finite`) and
// sum; 0 and 1 beyond `rows`.
INLINE void exp_short_rows(const float *x, short_rows *s, int64_t rows, int64_t columns,
                           int64_t width, int last, const int finite, const int fused) {
  if (last) {
    memcpy(s->in, x, (size_t)(rows * columns) * sizeof(float));
    memset(s->in + rows * columns, 0, 16 * sizeof(float));
    x = s->in;
  }
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    sixteen most = (sixteen){0} - __builtin_inff();
    for (int64_t c = 0; c < columns; c += 16) {
      LOAD_PADDED(v, row, c, columns, -__builtin_inff())
      most = LARGER(v, most);
    }
    FOLD16(most, LARGER)
    if (finite) {
      mask size = (mask)most & 0x7fffffff;
      most = (sixteen)((size < 0x7f800000) & (mask)most);
    }
    s->shift[r] = most[0];
    for (int64_t c = 0; c < columns; c += 16) {
      LOAD_PADDED(v, row, c, columns, -__builtin_inff())
      v -= most;
      memcpy(s->e + r * width + c, &v, sizeof(v));
    }
  }
  INDEPENDENT for (int64_t i = 0; i < rows * width; i++) s->e[i] = exp_value(s->e[i], fused);
  for (int64_t r = 0; r < rows; r++) {
    sixteen sum = {0};
    for (int64_t c = 0; c < columns; c += 16) {
      LOAD_PADDED(v, s->e + r * width, c, columns, 0.0f)
      sum += v;
    }
    FOLD16(sum, PLUS)
    s->sum[r] = sum[0];
  }
  for (int64_t r = rows; r < group; r++) {
    s->shift[r] = 0;
    s->sum[r] = 1;
  }
}

INLINE void softmax_short(const float *x, float *y, int64_t rows, int64_t columns,
                          const int fused) {
  short_rows s;
  int64_t width = (columns + 15) / 16 * 16;
  for (int64_t start = 0; start < rows; start += group) {
    int64_t count = rows - start < group ? rows - start : group;
    int last = (rows - start - count) * columns < 16;
    exp_short_rows(x + start * columns, &s, count, columns, width, last, 0, fused);
    INDEPENDENT for (int j = 0; j < group; j++) s.sum[j] = 1.0f / s.sum[j];
    for (int64_t r = 0; r < count; r++) {  // whole vectors, the next row writes over the excess
      for (int64_t c = 0; c < columns; c += 16) {
        sixteen v;
        memcpy(&v, s.e + r * width + c, sizeof(v));
        v *= s.sum[r];
        memcpy(s.out + r * columns + c, &v, sizeof(v));
      }
    }
    memcpy(y + start * columns, s.out, (size_t)(count * columns) * sizeof(float));
  }
}

INLINE void log_sum_exp_short(const float *x, float *y, int64_t rows, int64_t columns,
                              const int fused) {
  short_rows s;
  int64_t width = (columns + 15) / 16 * 16;
  for (int64_t start = 0; start < rows; start += group) {
    int64_t count = rows - start < group ? rows - start : group;
    int last = (rows - start - count) * columns < 16;
    exp_short_rows(x + start * columns, &s, count, columns, width, last, 1, fused);
    INDEPENDENT for (int j = 0; j < group; j++) {
      s.sum[j] = s.shift[j] + log_value(s.sum[j], fused);
    }
    memcpy(y + start, s.sum, (size_t)count * sizeof(float));
  }
}

// The largest of a long row; NaNs may be passed over.
INLINE float row_maximum(const float *x, int64_t columns) {
  sixteen most, other, v;
  memcpy(&most, x + columns - 16, sizeof(most));
  other = most;
  for (int64_t c = 0; c + 32 <= columns; c += 32) {
    memcpy(&v, x + c, sizeof(v));
    most = LARGER(v, most);
    memcpy(&v, x + c + 16, sizeof(v));
    other = LARGER(v, other);
  }
  memcpy(&v, x + columns - 32, sizeof(v));
  most = LARGER(v, most);
  most = LARGER(most, other);
  FOLD16(most, LARGER)
  return most[0];
}

// The sum of e^(x - shift) over a long row, which is also written to y unless that is null.
INLINE float exp_row(const float *x, float *y, float shift, int64_t columns, const int fused) {
  sixteen sum = {0}, v;
  float e[64];
  for (int64_t c = 0; c < columns; c += 64) {
    int64_t count = columns - c < 64 ? columns - c : 64;
    const float *source = x + c;
    if (count < 64) {
      for (int j = 0; j < 64; j++) e[j] = -__builtin_inff();
      memcpy(e, source, (size_t)count * sizeof(float));
      source = e;
    }
    INDEPENDENT for (int j = 0; j < 64; j++) e[j] = exp_value(source[j] - shift, fused);
    for (int j = 0; j < 64; j += 16) {
      memcpy(&v, e + j, sizeof(v));
      sum += v;
    }
    if (y) memcpy(y + c, e, (size_t)count * sizeof(float));
  }
  FOLD16(sum, PLUS)
  return sum[0];
}

INLINE void ascribe_softmax_rows_body(const float *x, float *y, int64_t rows, int64_t columns,
                                      const int fused) {
  if (columns <= 0) return;
  if (columns <= short_row) {
    softmax_short(x, y, rows, columns, fused);
    return;
  }
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    float *out = y + r * columns;
    float factor = 1.0f / exp_row(row, out, row_maximum(row, columns), columns, fused);
    for (int64_t c = 0; c < columns; c++) out[c] *= factor;
  }
}
ASCRIBE_KERNEL(void, ascribe_softmax_rows,
               (const float *x, float *y, int64_t rows, int64_t columns), x, y, rows, columns)

// An infinite maximum would give inf - inf: the shift is 0 then, and the sum 0 or inf.
INLINE void ascribe_log_sum_exp_rows_body(const float *x, float *y, int64_t rows,
                                          int64_t columns, const int fused) {
  if (columns <= 0) {
    for (int64_t r = 0; r < rows; r++) y[r] = -__builtin_inff();
    return;
  }
  if (columns <= short_row) {
    log_sum_exp_short(x, y, rows, columns, fused);
    return;
  }
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    float highest = row_maximum(row, columns);
    highest = magnitude(highest) < __builtin_inff() ? highest : 0.0f;
    y[r] = highest + log_value(exp_row(row, 0, highest, columns, fused), fused);
  }
}
ASCRIBE_KERNEL(void, ascribe_log_sum_exp_rows,
               (const float *x, float *y, int64_t rows, int64_t columns), x, y, rows, columns)
