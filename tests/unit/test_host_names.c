/* sock_getaddrinfo: what the guest's list holds afterwards, and a resolver that does not answer. The host's resolver is one of ours. */
#include "guest_calls.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

enum { NODE = TEXT, SERVICE = TEXT + 2048, HINTS = IN, RES = IN + 64, LIST = 1 << 15, EACH = 512, INET4 = 1, INET6 = 2, STREAM = 2 };

static int stop, answer;
static atomic_int asked, freed;

/* Two addresses, one of each version, and a type of socket that guests have no number for. */
static struct addrinfo *made_up(void)
{
	struct made {
		struct addrinfo infos[3];
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		char name[16];
	} *made = calloc(1, sizeof *made);
	made->in4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(443), .sin_addr.s_addr = htonl(0x0a000001) };
	made->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(443) };
	inet_pton(AF_INET6, "2001:db8::7", &made->in6.sin6_addr);
	snprintf(made->name, sizeof made->name, "real.test");
	struct sockaddr *in4 = (struct sockaddr *)&made->in4, *in6 = (struct sockaddr *)&made->in6;
	made->infos[0] = (struct addrinfo){ 0, AF_INET, SOCK_RAW, IPPROTO_RAW, sizeof made->in4, in4, made->name, &made->infos[1] };
	made->infos[1] = (struct addrinfo){ 0, AF_INET6, SOCK_STREAM, IPPROTO_TCP, sizeof made->in6, in6, made->name, &made->infos[2] };
	made->infos[2] = (struct addrinfo){ 0, AF_INET, SOCK_STREAM, IPPROTO_TCP, sizeof made->in4, in4, NULL, NULL };
	return made->infos;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret_result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
	if (hints->ai_flags & AI_NUMERICHOST || !node)
		return real(node, service, hints, ret_result);
	atomic_fetch_add(&asked, 1);
	eventfd_t value;
	if (strcmp(node, "slow.test") == 0)
		eventfd_read(answer, &value);
	if (strcmp(node, "slow.test") == 0 || strcmp(node, "made-up.test") == 0) {
		*ret_result = made_up();
		return 0;
	}
	return strcmp(node, "again.test") == 0 ? EAI_AGAIN : strcmp(node, "memory.test") == 0 ? EAI_MEMORY : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *infos)
{
	void (*real)(struct addrinfo *) = (void (*)(struct addrinfo *))dlsym(RTLD_NEXT, "freeaddrinfo");
	if (infos->ai_socktype == SOCK_RAW)
		free(infos);
	else
		real(infos);
	atomic_fetch_add(&freed, 1);
}

static int set_up(void **state)
{
	(void)state;
	stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	answer = eventfd(0, EFD_CLOEXEC);
	atomic_store(&asked, 0);
	atomic_store(&freed, 0);
	struct host_options options = { .stdio = { -1, -1, -1 }, .stop_fd = stop, .registry_fd = -1 };
	memset(bytes, 0, MEMORY);
	return host_create(&options, &host) != ERR_NONE;
}

static int tear_down(void **state)
{
	(void)state;
	host_destroy(host);
	close(stop);
	close(answer);
	return 0;
}

/* A list of nodes as a guest makes it, each with room for `data_size` bytes of an address and 30 of a name. All that is in it is set. */
static void make_list(uint32_t count, uint32_t data_size)
{
	memset(bytes + LIST, 0xee, (size_t)count * EACH);
	put_u32(RES, LIST);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = LIST + i * EACH;
		put_u32(at + 12, at + 64);
		put_u32(at + 16, at + 256);
		put_u32(at + 20, 30);
		put_u32(at + 24, i + 1 < count ? at + EACH : 0);
		put_u32(at + 64 + 4, data_size);
		put_u32(at + 64 + 8, at + 128);
	}
}

static uint32_t put_at(uint32_t at, const char *text)
{
	memcpy(bytes + at, text, strlen(text) + 1);
	return (uint32_t)strlen(text) + 1; /* with its NUL, as guests count it */
}

static uint32_t look_up(const char *node, const char *service, uint32_t max)
{
	uint32_t node_size = put_at(NODE, node), service_size = put_at(SERVICE, service);
	return CALL(sock_getaddrinfo, NODE, node_size, SERVICE, service_size, HINTS, RES, max, OUT);
}

static void put_hints(uint16_t flags, uint8_t family, uint8_t type)
{
	memset(bytes + HINTS, 0xee, 28); /* the bytes behind the protocol are none of it */
	memcpy(bytes + HINTS, &flags, 2);
	bytes[HINTS + 2] = family;
	bytes[HINTS + 3] = type;
	bytes[HINTS + 4] = 0;
}

/* Node `i` as hexadecimal: its 28 bytes, of its sockaddr 8, then `size` of its data. */
static void expect_node(uint32_t i, const char *expected, uint32_t size)
{
	uint32_t at = LIST + i * EACH;
	BUF_CLEANUP struct buf text = { 0 };
	for (uint32_t j = 0; j < 12; j++)
		buf_printf(&text, "%02x", bytes[at + j]);
	buf_printf(&text, " %u ", load_u32(bytes + at + 20));
	for (uint32_t j = 0; j < 8; j++)
		buf_printf(&text, "%02x", bytes[at + 64 + j]);
	buf_append_byte(&text, ' ');
	for (uint32_t j = 0; j < size; j++)
		buf_printf(&text, "%02x", bytes[at + 128 + j]);
	assert_string_equal(buf_text(&text), expected);
	assert_int_equal(load_u32(bytes + at + 12), at + 64);
	assert_int_equal(load_u32(bytes + at + 16), at + 256);
	assert_int_equal(load_u32(bytes + at + 64 + 8), at + 128);
}

static void expect_note(uint32_t i, const char *expected)
{
	BUF_CLEANUP struct buf text = { 0 };
	assert_int_equal(notes[i].kind, NOTE_RESOLVED);
	buf_printf(&text, "%.*s ", VIEW_ARG(notes[i].text));
	net_address_print(&text, &notes[i].peer);
	assert_string_equal(buf_text(&text), expected);
}

static void test_an_address(void **state)
{
	(void)state;
	make_list(2, 26);
	put_hints(4, 0, STREAM);
	assert_int_equal(look_up("127.0.0.1", "8080", 2), 0);
	assert_int_equal(load_u32(bytes + OUT), 1);
	expect_node(0,
		"04000102"
		"01000000"
		"10000000 0 01000000"
		"0e000000 1f907f000001"
		"0000000000000000"
		"eeeeeeee",
		18);
	assert_int_equal(note_count, 1);
	expect_note(0, "127.0.0.1 127.0.0.1:0");
	assert_int_equal(bytes[LIST + EACH], 0xee);
	assert_int_equal(atomic_load(&asked), 0); /* nobody else was asked */
}

static void test_every_field(void **state)
{
	(void)state;
	make_list(8, 26);
	put_hints(2, 0, 0);
	assert_int_equal(look_up("made-up.test", "443", 8), 0);
	assert_int_equal(load_u32(bytes + OUT), 2);
	expect_node(0,
		"02000202"
		"01000000"
		"1c000000 9 02000000"
		"1a000000 01bb20010db8000000000000000000000007"
		"0000000000000000",
		26);
	assert_memory_equal(bytes + LIST + 256, "real.test\0\xee", 11);
	expect_node(1,
		"02000102"
		"01000000"
		"10000000 0 01000000"
		"0e000000 01bb0a000001"
		"0000000000000000"
		"eeee",
		16);
	assert_int_equal(note_count, 2);
	expect_note(0, "made-up.test [2001:db8::7]:0");
	expect_note(1, "made-up.test 10.0.0.1:0");
	assert_int_equal(atomic_load(&freed), 1);
}

/* 14 bytes are what the Rust crate says of its 26; where 6 are, no address of version 6 is put there. */
static void test_room(void **state)
{
	(void)state;
	put_hints(0, 0, 0);
	make_list(1, 14);
	assert_int_equal(look_up("made-up.test", "", 5), 0);
	assert_int_equal(load_u32(bytes + OUT), 1);
	assert_int_equal(bytes[LIST + 2], INET6);
	make_list(2, 6);
	assert_int_equal(look_up("made-up.test", "", 2), 0);
	assert_int_equal(load_u32(bytes + OUT), 1);
	expect_node(0,
		"00000102"
		"01000000"
		"10000000 0 01000000"
		"0e000000 01bb0a000001"
		"eeee",
		8);
	make_list(3, 26);
	put_u32(LIST + 20, 9); /* all of the name, and no more */
	assert_int_equal(look_up("made-up.test", "", 1), 0);
	assert_int_equal(load_u32(bytes + OUT), 1);
	assert_memory_equal(bytes + LIST + 256, "real.test\xee", 10);
	put_u32(LIST + 20, 8);
	assert_int_equal(look_up("made-up.test", "", 1), 0);
	assert_int_equal(load_u32(bytes + LIST + 20), 0);
}

static void test_no_node(void **state)
{
	(void)state;
	make_list(4, 26);
	put_hints(1, INET4, STREAM); /* passive: any of the own addresses */
	assert_int_equal(look_up("", "80", 4), 0);
	assert_int_equal(load_u32(bytes + OUT), 1);
	expect_node(0,
		"01000102"
		"01000000"
		"10000000 0 01000000"
		"0e000000 005000000000",
		6);
	assert_int_equal(note_count, 0);
}

static void test_what_is_wrong(void **state)
{
	(void)state;
	make_list(4, 26);
	put_hints(0, 0, STREAM);
	assert_int_equal(look_up("nowhere.test", "80", 4), WASI_ECANCELED);
	assert_int_equal(look_up("again.test", "80", 4), WASI_ECANCELED);
	assert_int_equal(look_up("memory.test", "80", 4), WASI_ENOMEM);
	assert_int_equal(look_up("127.0.0.1", "no-such-service", 4), WASI_ECANCELED);
	assert_int_equal(look_up("127.0.0.1", "65536", 4), WASI_ECANCELED);
	assert_int_equal(look_up("", "", 4), WASI_EINVAL);
	assert_int_equal(look_up("127.0.0.1", "80", 0), WASI_EINVAL);
	assert_int_equal(CALL(sock_getaddrinfo, NODE, 2000, SERVICE, 0, HINTS, RES, 4, OUT), WASI_EINVAL);
	put_hints(128, 0, STREAM);
	assert_int_equal(look_up("127.0.0.1", "80", 4), WASI_EINVAL);
	put_hints(0, 3, STREAM);
	assert_int_equal(look_up("127.0.0.1", "80", 4), WASI_EAFNOSUPPORT);
	put_hints(0, 0, 3);
	assert_int_equal(look_up("127.0.0.1", "80", 4), WASI_EINVAL);
	put_hints(4, 0, STREAM);
	assert_int_equal(look_up("made-up.test", "80", 4), WASI_ECANCELED);
	put_u32(LIST + 12, 0);
	assert_int_equal(look_up("127.0.0.1", "80", 4), WASI_EFAULT);
	put_u32(RES, MEMORY - 4);
	assert_int_equal(look_up("127.0.0.1", "80", 4), WASI_EFAULT);
}

/* A list that comes back to itself, and one whose parts lie on each other. */
static void test_hostile_lists(void **state)
{
	(void)state;
	make_list(1, 26);
	put_hints(0, 0, 0);
	put_u32(LIST + 24, LIST);
	assert_int_equal(look_up("made-up.test", "443", UINT32_MAX), 0);
	assert_int_equal(load_u32(bytes + OUT), 2);
	make_list(2, 26);
	for (uint32_t i = 0; i < 2; i++) {
		put_u32(LIST + i * EACH + 12, LIST + EACH);
		put_u32(LIST + i * EACH + 16, LIST);
	}
	put_u32(LIST + EACH + 4, 26);
	put_u32(LIST + EACH + 8, LIST);
	look_up("made-up.test", "443", 2); /* what the guest then has is its own affair; the call has told of every byte */
}

static void test_stopped(void **state)
{
	(void)state;
	int open = count_open();
	make_list(2, 26);
	put_hints(0, 0, 0);
	assert_int_equal(eventfd_write(stop, 1), 0);
	look_up("slow.test", "443", 2);
	assert_int_equal(end, CALL_STOPS);
	assert_int_equal(bytes[LIST], 0xee);
	/* The answer that comes then is thrown away by who waited for it. */
	assert_int_equal(eventfd_write(answer, 1), 0);
	while (atomic_load(&freed) == 0)
		usleep(1000);
	while (count_open() > open) /* fewer: a thread of a test before has gone only now */
		usleep(1000);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_an_address),
		TEST(test_every_field),
		TEST(test_room),
		TEST(test_no_node),
		TEST(test_what_is_wrong),
		TEST(test_hostile_lists),
		TEST(test_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
