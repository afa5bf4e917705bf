/* Degrees of freedom that rise, after a hundred million rounds (book/when_to_stop.md).

       cc -O2 -o long_chain benchmarks/long_chain.c -lm
       ./long_chain 1000000 0.01

   runs the chain with the eigenvalues 1, 1/7, 1/20 and the label coordinates 1, 100 and the first
   argument; the second is the radius sqrt(K epsilon). Everything is in long double: on x86 that
   has 64 bits for the digits. The degrees of freedom are summed from what each round takes away,
   trace((I - M) N), so that their changes keep their digits; a rise is a negative one. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define K 3

static const long double d[K] = {1.0L, 1.0L / 7, 1.0L / 20};

/* The multiplier at which the residual has the length of the radius: Newton's method on the
   reciprocal norm, concave in mu = 1/c, from the left. */
static long double reciprocal_multiplier(const long double *z, long double radius) {
    long double square = 0, weighted = 0, mu;
    for (int k = 0; k < K; k++) {
        square += z[k] * z[k];
        weighted += z[k] * z[k] * d[k];
    }
    mu = (sqrtl(square) / radius - 1) * square / weighted;
    for (int step = 0; step < 100; step++) {
        long double norm = 0, slope = 0, change;
        for (int k = 0; k < K; k++) {
            long double p = 1 / (1 + mu * d[k]), part = z[k] * p;
            norm += part * part;
            slope += part * part * p * d[k];
        }
        change = (sqrtl(norm) / radius - 1) * norm / slope;
        mu += change;
        if (change <= 1e-10L * mu) break;
    }
    return mu;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: long_chain THIRD_COORDINATE RADIUS\n");
        return 1;
    }
    long double z[K] = {1, 100, strtold(arguments[1], NULL)};
    long double radius = strtold(arguments[2], NULL);
    long double product[K][K] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    long double trace = K, rise = 0;
    long rounds = 0, rising = 0, first = -1, last = -1;

    while (z[0] * z[0] + z[1] * z[1] + z[2] * z[2] > radius * radius) {
        long double mu = reciprocal_multiplier(z, radius);
        long double stays[K], leaves[K], root[K], image[K], total = 0, fall = 0;
        for (int k = 0; k < K; k++) {
            stays[k] = mu * d[k] / (1 + mu * d[k]);
            leaves[k] = 1 / (1 + mu * d[k]);
            root[k] = z[k] * z[k] * stays[k] * leaves[k] * leaves[k];
            total += root[k];
        }
        for (int k = 0; k < K; k++) root[k] = sqrtl(leaves[k] * root[k] / total);
        for (int l = 0; l < K; l++) {
            image[l] = 0;
            for (int k = 0; k < K; k++) image[l] += root[k] * product[k][l];
            fall += leaves[l] * product[l][l] - image[l] * root[l];
        }
        for (int k = 0; k < K; k++)
            for (int l = 0; l < K; l++)
                product[k][l] = stays[k] * product[k][l] + root[k] * image[l];
        for (int k = 0; k < K; k++) z[k] *= stays[k];
        if (fall < 0) {
            if (first < 0) first = rounds;
            last = rounds;
            rising++;
            rise -= fall;
        }
        trace = product[0][0] + product[1][1] + product[2][2];
        rounds++;
    }
    printf("rounds %ld\n", rounds);
    printf("rounds in which they rise %ld\n", rising);
    printf("first of these rounds %ld\n", first);
    printf("last of these rounds %ld\n", last);
    printf("rise in all %.6Le\n", rise);
    printf("last degrees of freedom %.15Lf\n", trace);
    return 0;
}
