#include "include/optimizers.h"

#include "levels.h"

INLINE void ascribe_sgd_step_body(float *p, const float *g, int64_t n, float rate, float decay,
                                  const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) {
    float d = FMA(decay, p[i], g[i]);
    p[i] = FMA(-rate, d, p[i]);
  }
}
ASCRIBE_KERNEL(void, ascribe_sgd_step,
               (float *p, const float *g, int64_t n, float rate, float decay), p, g, n, rate, decay)

INLINE void ascribe_momentum_step_body(float *p, const float *g, float *v, int64_t n, float rate,
                                       float momentum, float decay, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) {
    float d = FMA(decay, p[i], g[i]);
    v[i] = FMA(momentum, v[i], d);
    p[i] = FMA(-rate, v[i], p[i]);
  }
}
ASCRIBE_KERNEL(void, ascribe_momentum_step,
               (float *p, const float *g, float *v, int64_t n, float rate, float momentum,
                float decay),
               p, g, v, n, rate, momentum, decay)

INLINE void ascribe_nesterov_step_body(float *p, const float *g, float *v, int64_t n, float rate,
                                       float momentum, float decay, const int fused) {
  INDEPENDENT for (int64_t i = 0; i < n; i++) {
    float d = FMA(decay, p[i], g[i]);
    v[i] = FMA(momentum, v[i], d);
    p[i] = FMA(-rate, FMA(momentum, v[i], d), p[i]);
  }
}
ASCRIBE_KERNEL(void, ascribe_nesterov_step,
               (float *p, const float *g, float *v, int64_t n, float rate, float momentum,
                float decay),
               p, g, v, n, rate, momentum, decay)

INLINE void ascribe_adam_step_body(float *p, const float *g, float *m, float *v, int64_t n,
                                   const ascribe_adam_constants *constants, const int fused) {
  const ascribe_adam_constants k = *constants;
  INDEPENDENT for (int64_t i = 0; i < n; i++) {
    float d = FMA(k.decay, p[i], g[i]);
    m[i] = FMA(k.fresh1, d - m[i], m[i]);
    v[i] = FMA(k.beta2, v[i], k.fresh2 * d * d);
    float size = FMA(__builtin_elementwise_sqrt(v[i]), k.correction, k.epsilon);
    p[i] = FMA(-k.step, m[i] / size, k.shrink * p[i]);
  }
}
ASCRIBE_KERNEL(void, ascribe_adam_step,
               (float *p, const float *g, float *m, float *v, int64_t n,
                const ascribe_adam_constants *constants),
               p, g, m, v, n, constants)
