/* The two inner loops in C, each sum in the order that lib/_kernels.py writes down: what a compiler
   makes of that order, without the licence to change it (-ffp-contract=off, no -ffast-math). */
void gd(int n, int d, const double *restrict X, const double *restrict columns,
        const double *restrict y, double *restrict plus, double *restrict minus,
        double *restrict z, double gamma, long steps, double *restrict w, double *restrict slope,
        double *restrict r) {
  for (int j = 0; j < d; j++) w[j] = (plus[j] - minus[j]) * (plus[j] + minus[j]);
  for (long t = 0; t < steps; t++) {
    for (int i = 0; i < n; i++) r[i] = -y[i];
    int j = 0;
    for (; j + 3 < d; j += 4) {
      const double *x = columns + (long)j * n;
      double w0 = w[j], w1 = w[j + 1], w2 = w[j + 2], w3 = w[j + 3];
      for (int i = 0; i < n; i++)
        r[i] = (((r[i] + x[i] * w0) + x[n + i] * w1) + x[2 * n + i] * w2) + x[3 * n + i] * w3;
    }
    for (; j < d; j++)
      for (int i = 0; i < n; i++) r[i] += columns[(long)j * n + i] * w[j];
    for (int j = 0; j < d; j++) slope[j] = 0;
    int i = 0;
    for (; i + 3 < n; i += 4) {
      const double *x = X + (long)i * d;
      double r0 = r[i], r1 = r[i + 1], r2 = r[i + 2], r3 = r[i + 3];
      for (int j = 0; j < d; j++)
        slope[j] =
            (((slope[j] + x[j] * r0) + x[d + j] * r1) + x[2 * d + j] * r2) + x[3 * d + j] * r3;
    }
    for (; i < n; i++)
      for (int j = 0; j < d; j++) slope[j] += X[(long)i * d + j] * r[i];
    double rate = gamma / n;
    for (int i = 0; i < n; i++) z[i] += rate * r[i];
    for (int j = 0; j < d; j++) {
      double x = rate * slope[j];
      double p = plus[j] * (1 - x), m = minus[j] * (1 + x);
      plus[j] = p;
      minus[j] = m;
      w[j] = (p - m) * (p + m);
    }
  }
}

void sgd(int n, int d, const double *restrict X, const double *restrict y, double *restrict plus,
         double *restrict minus, double *restrict z, double gamma, long steps,
         const long *restrict indices) {
  for (long t = 0; t < steps; t++) {
    const double *x = X + indices[t] * d;
    double s[8] = {0};
    int j = 0;
    for (; j + 7 < d; j += 8)
      for (int k = 0; k < 8; k++)
        s[k] += x[j + k] * ((plus[j + k] - minus[j + k]) * (plus[j + k] + minus[j + k]));
    for (int k = 0; j + k < d; k++)
      s[k] += x[j + k] * ((plus[j + k] - minus[j + k]) * (plus[j + k] + minus[j + k]));
    double r = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])) - y[indices[t]];
    double rate = gamma * r;
    z[indices[t]] += rate;
    for (int j = 0; j < d; j++) {
      double step = rate * x[j];
      plus[j] *= 1 - step;
      minus[j] *= 1 + step;
    }
  }
}
