#include "guest_calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

/*
 * What the kernel does to a buffer beyond what it says that it read: call_host compares the guest's memory with what a recording would have
 * put there.
 */

static int tear_down(void **state)
{
	host_destroy(host);
	host = NULL;
	return remove_folder(state);
}

/* Memory that a device would read into without a buffer of ours. */
static uint32_t aligned(uint32_t at)
{
	return at + (uint32_t)(-(uintptr_t)(bytes + at) & 4095);
}

static void test_a_file_read_without_the_page_cache(void **state)
{
	(void)state;
	uint32_t to = aligned(OUT);
	write_text(below("file"), "0123456789");
	int fd = open(below("file"), O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0) {
		assert_int_equal(errno, EINVAL);
		skip(); /* not on this file system */
	}
	make_host(fd, -1, -1);
	put_vector(IN, to, 4096);
	put_vector(IN + 8, to + 8192, 4096);
	assert_int_equal(CALL(fd_pread, 0, IN, 2, 0, TEXT), 0);
	assert_int_equal(load_u32(bytes + TEXT), 10);
	assert_memory_equal(bytes + to, "0123456789\xee\xee", 12);
	assert_int_equal(CALL(fd_read, 0, IN, 2, TEXT), 0);
	assert_int_equal(load_u32(bytes + TEXT), 10);
	assert_int_equal(CALL(fd_read, 0, IN, 2, TEXT), 0);
	assert_int_equal(load_u32(bytes + TEXT), 0);
	close(fd);
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
};

static void send_raw(int raw, const union address *to, const char *text, size_t size, uint16_t checksum)
{
	uint8_t packet[1024] = { 0 };
	uint16_t header[4] = { htons(9), to->in.sin_port, htons((uint16_t)(sizeof header + size)), htons(checksum) };
	memcpy(packet, header, sizeof header);
	memcpy(packet + sizeof header, text, size);
	assert_int_equal(sendto(raw, packet, sizeof header + size, 0, &to->any, sizeof *to), sizeof header + size);
}

static union address bound(int fd)
{
	union address address = { .in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } } };
	socklen_t size = sizeof address;
	assert_int_equal(bind(fd, &address.any, sizeof address), 0);
	assert_int_equal(getsockname(fd, &address.any, &size), 0);
	return address;
}

/* A checksum of 0 is none, and right. A wrong one is found when the bytes are copied already; the guest gets the next datagram. */
static void test_a_datagram_with_a_wrong_checksum(void **state)
{
	(void)state;
	static const char wrong[500] = "wrong";
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
	if (raw < 0) {
		assert_int_equal(errno, EPERM);
		skip(); /* not for this user */
	}
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	union address to = bound(fd);
	make_host(fd, -1, -1);
	put_vector(IN, OUT, 3);
	put_vector(IN + 8, OUT + 100, 1000);
	for (int i = 0; i < 2; i++) {
		send_raw(raw, &to, wrong, sizeof wrong, 0x1234);
		send_raw(raw, &to, "right", 5, 0);
		if (i == 0)
			assert_int_equal(CALL(sock_recv, 0, IN, 2, 0, TEXT, TEXT + 4), 0);
		else
			assert_int_equal(CALL(fd_read, 0, IN, 2, TEXT), 0);
		assert_int_equal(load_u32(bytes + TEXT), 5);
		assert_memory_equal(bytes + OUT, "rig\xee", 4);
		assert_memory_equal(bytes + OUT + 100, "ht\xee", 3);
	}
	close(raw);
	close(fd);
}

/* As much as there is memory for, and the kernel takes at once. */
static void test_vectors_that_are_larger_than_any_datagram(void **state)
{
	(void)state;
	enum { VECTORS = 2000 };
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	make_host(fds[0], -1, -1);
	for (uint32_t i = 0; i < VECTORS; i++)
		put_vector(IN + 8 * i, i ? OUT : OUT - 2, MEMORY - OUT);
	assert_int_equal(write(fds[1], "datagram", 8), 8);
	assert_int_equal(CALL(sock_recv, 0, IN, VECTORS, 0, TEXT, TEXT + 4), 0);
	assert_int_equal(load_u32(bytes + TEXT), 8);
	assert_memory_equal(bytes + OUT - 2, "datagram\xee", 9);
	put_vector(IN, IN, 16); /* over its own array */
	put_vector(IN + 8, OUT, 16);
	assert_int_equal(write(fds[1], "0123456789abcdefghi", 19), 19);
	assert_int_equal(CALL(fd_read, 0, IN, 2, TEXT), 0);
	assert_memory_equal(bytes + IN, "0123456789abcdef", 16);
	assert_memory_equal(bytes + OUT, "ghi", 3);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_read_without_the_page_cache),
		TEST(test_a_datagram_with_a_wrong_checksum),
		TEST(test_vectors_that_are_larger_than_any_datagram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
