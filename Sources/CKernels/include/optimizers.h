#pragma once
#include <stdint.h>

// One step of PyTorch's optimizers over n parameters p with gradients g.

/// d = g + decay p; p -= rate d.
void ascribe_sgd_step(float *p, const float *g, int64_t n, float rate, float decay);
/// d = g + decay p; v = momentum v + d; p -= rate v.
void ascribe_momentum_step(float *p, const float *g, float *v, int64_t n, float rate,
                           float momentum, float decay);
/// d = g + decay p; v = momentum v + d; p -= rate (d + momentum v).
void ascribe_nesterov_step(float *p, const float *g, float *v, int64_t n, float rate,
                           float momentum, float decay);

/// The constants of one Adam step. `decay` is added to the gradient, `shrink` times p.
typedef struct {
  float fresh1;      ///< 1 - beta1
  float beta2, fresh2;  ///< beta2 and 1 - beta2, each rounded once
  float epsilon;
  float decay;       ///< Adam's weight decay; 0 for AdamW
  float shrink;      ///< 1 - rate decay for AdamW; 1 for Adam
  float step;        ///< rate / (1 - beta1^t)
  float correction;  ///< 1 / sqrt(1 - beta2^t)
} ascribe_adam_constants;

/// d = g + decay p; m += fresh1 (d - m); v = beta2 v + fresh2 d²;
/// p = shrink p - step m / (correction sqrt v + epsilon).
void ascribe_adam_step(float *p, const float *g, float *m, float *v, int64_t n,
                       const ascribe_adam_constants *constants);
