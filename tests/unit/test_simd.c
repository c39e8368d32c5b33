/* What a processor's own instructions stand in for gives the same as the plain way, which other processors go. */
#include "unit.h"
#include "wasm/simd.h"

#if defined __x86_64__

static uint32_t next_random(uint32_t *seed)
{
	return *seed = *seed * 1664525u + 1013904223u;
}

static u8x16 random_lanes(uint32_t *seed, uint8_t mask)
{
	u8x16 lanes;
	for (int i = 0; i < 16; i++)
		lanes[i] = (uint8_t)(next_random(seed) >> 24) & mask;
	return lanes;
}

static void assert_same(u8x16 a, u8x16 b)
{
	uint8_t bytes[2][16];
	memcpy(bytes[0], &a, 16);
	memcpy(bytes[1], &b, 16);
	assert_memory_equal(bytes[0], bytes[1], 16);
}

SSSE3 static void compare_swizzles(void)
{
	uint32_t seed = 1;
	for (uint32_t index = 0; index < 256; index++) {
		u8x16 a = random_lanes(&seed, 0xff), b = random_lanes(&seed, 0xff);
		b[index % 16] = (uint8_t)index;
		assert_same(swizzle(a, (u8x16){ 0 } + (uint8_t)index), swizzle_ssse3(a, (u8x16){ 0 } + (uint8_t)index));
		assert_same(swizzle(a, b), swizzle_ssse3(a, b));
	}
}

SSSE3 static void compare_shuffles(void)
{
	uint32_t seed = 2;
	for (uint32_t round = 0; round < 1000; round++) {
		u8x16 a = random_lanes(&seed, 0xff), b = random_lanes(&seed, 0xff), lanes = random_lanes(&seed, 0x1f);
		uint8_t bytes[16];
		memcpy(bytes, &lanes, 16);
		bytes[round % 16] = round / 16 % 32;
		assert_same(shuffle(a, b, bytes), shuffle_ssse3(a, b, bytes));
	}
}

#endif

static void lanes_are_picked_the_same(void **state)
{
	(void)state;
#if defined __x86_64__
	if (HAS_SSSE3) {
		compare_swizzles();
		compare_shuffles();
		return;
	}
#endif
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lanes_are_picked_the_same) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
