/*
 * compute KERNEL N: computes for a while and prints what came out, the same natively and as a guest.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 88172645463325252u;

static uint32_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)random_state;
}

static double matmul(int n)
{
	static double a[160][160], b[160][160], c[160][160];
	for (int i = 0; i < 160; i++) {
		for (int j = 0; j < 160; j++) {
			a[i][j] = random_next() % 100;
			b[i][j] = random_next() % 100;
		}
	}
	for (int round = 0; round < n; round++) {
		for (int i = 0; i < 160; i++) {
			for (int j = 0; j < 160; j++) {
				double sum = 0;
				for (int k = 0; k < 160; k++)
					sum += a[i][k] * b[k][j];
				c[i][j] = sum;
			}
		}
		a[round % 160][0] = c[0][round % 160] / 1000;
	}
	return c[7][9];
}

struct body {
	double x[3], v[3], mass;
};

static double nbody(int n)
{
	struct body bodies[5];
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < 3; k++) {
			bodies[i].x[k] = random_next() % 1000 / 50.0;
			bodies[i].v[k] = random_next() % 100 / 1000.0;
		}
		bodies[i].mass = 1 + i;
	}
	for (int step = 0; step < n; step++) {
		for (int i = 0; i < 5; i++) {
			for (int j = i + 1; j < 5; j++) {
				struct body *a = &bodies[i], *b = &bodies[j];
				double d[3], square = 0.01;
				for (int k = 0; k < 3; k++) {
					d[k] = a->x[k] - b->x[k];
					square += d[k] * d[k];
				}
				double force = 0.001 / (square * sqrt(square));
				for (int k = 0; k < 3; k++) {
					a->v[k] -= d[k] * b->mass * force;
					b->v[k] += d[k] * a->mass * force;
				}
			}
		}
		for (int i = 0; i < 5; i++) {
			for (int k = 0; k < 3; k++)
				bodies[i].x[k] += 0.001 * bodies[i].v[k];
		}
	}
	return bodies[0].x[0];
}

static double mandelbrot(int n)
{
	long inside = 0;
	for (int y = 0; y < n; y++) {
		for (int x = 0; x < n; x++) {
			double cr = 2.0 * x / n - 1.5, ci = 2.0 * y / n - 1, zr = 0, zi = 0;
			int i = 0;
			for (; i < 50 && zr * zr + zi * zi < 4; i++) {
				double next = zr * zr - zi * zi + cr;
				zi = 2 * zr * zi + ci;
				zr = next;
			}
			inside += i == 50;
		}
	}
	return inside;
}

static uint32_t rotate(uint32_t x, int by)
{
	return x >> by | x << (32 - by);
}

/* Rounds in the shape of SHA-256's, with constants of our own. */
static double hash(int n)
{
	uint32_t h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, w[64];
	for (int block = 0; block < n; block++) {
		for (int i = 0; i < 16; i++)
			w[i] = random_next();
		for (int i = 16; i < 64; i++) {
			uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
			uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
			w[i] = w[i - 16] + s0 + w[i - 7] + s1;
		}
		for (int i = 0; i < 64; i++) {
			uint32_t s1 = rotate(h[4], 6) ^ rotate(h[4], 11) ^ rotate(h[4], 25);
			uint32_t t1 = h[7] + s1 + ((h[4] & h[5]) ^ (~h[4] & h[6])) + w[i] + (uint32_t)i * 2654435761u;
			uint32_t s0 = rotate(h[0], 2) ^ rotate(h[0], 13) ^ rotate(h[0], 22);
			uint32_t t2 = s0 + ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]));
			memmove(h + 1, h, 7 * sizeof *h);
			h[4] += t1;
			h[0] = t1 + t2;
		}
	}
	return h[0];
}

static double sieve(int n)
{
	static uint8_t composite[1 << 20];
	int count = 0;
	for (int round = 0; round < n; round++) {
		memset(composite, 0, sizeof composite);
		count = 0;
		for (uint32_t i = 2; i < sizeof composite; i++) {
			if (composite[i])
				continue;
			count++;
			for (uint32_t j = 2 * i; j < sizeof composite; j += i)
				composite[j] = 1;
		}
	}
	return count;
}

static uint32_t fibonacci(uint32_t n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static double calls(int n)
{
	return fibonacci((uint32_t)n);
}

/* Shell's sort, of our own: the C libraries sort in different ways. */
static void sort_values(uint32_t *values, long count)
{
	for (long gap = count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11) {
		for (long i = gap; i < count; i++) {
			uint32_t value = values[i];
			long at = i;
			for (; at >= gap && values[at - gap] > value; at -= gap)
				values[at] = values[at - gap];
			values[at] = value;
		}
	}
}

static double sort(int n)
{
	uint32_t *values = malloc((size_t)n * sizeof *values);
	for (int i = 0; i < n; i++)
		values[i] = random_next();
	sort_values(values, n);
	double middle = values[n / 2];
	free(values);
	return middle;
}

static const struct {
	const char *name;
	double (*run)(int n);
} kernels[] = {
	{ "matmul", matmul }, { "nbody", nbody }, { "mandelbrot", mandelbrot }, { "hash", hash }, { "sieve", sieve }, { "calls", calls },
	{ "sort", sort },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof kernels / sizeof *kernels; i++) {
		if (strcmp(argv[1], kernels[i].name) == 0) {
			printf("%.17g\n", kernels[i].run(atoi(argv[2])));
			return 0;
		}
	}
	return 2;
}
