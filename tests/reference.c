/* The two inner loops as one would write them in C; the yardstick of tests/benchmark.py. */
void gd(int n, int d, const double *restrict X, const double *restrict y, double *restrict plus,
        double *restrict minus, double *restrict z, double gamma, long steps, double *restrict w,
        double *restrict slope) {
  for (long t = 0; t < steps; t++) {
    for (int j = 0; j < d; j++) {
      w[j] = plus[j] * plus[j] - minus[j] * minus[j];
      slope[j] = 0;
    }
    for (int i = 0; i < n; i++) {
      const double *x = X + (long)i * d;
      double r = -y[i];
      for (int j = 0; j < d; j++) r += x[j] * w[j];
      for (int j = 0; j < d; j++) slope[j] += r * x[j];
      z[i] += gamma / n * r;
    }
    for (int j = 0; j < d; j++) {
      double s = gamma / n * slope[j];
      plus[j] *= 1 - s;
      minus[j] *= 1 + s;
    }
  }
}

void sgd(int n, int d, const double *restrict X, const double *restrict y, double *restrict plus,
         double *restrict minus, double *restrict z, double gamma, long steps,
         const long *restrict indices) {
  for (long t = 0; t < steps; t++) {
    const double *x = X + indices[t] * d;
    double r = -y[indices[t]];
    for (int j = 0; j < d; j++) r += x[j] * (plus[j] * plus[j] - minus[j] * minus[j]);
    z[indices[t]] += gamma * r;
    for (int j = 0; j < d; j++) {
      double s = gamma * r * x[j];
      plus[j] *= 1 - s;
      minus[j] *= 1 + s;
    }
  }
}
