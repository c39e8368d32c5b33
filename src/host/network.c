/* The socket extension's calls. */
#include "host/parts.h"

uint32_t host_sock_open(struct host *h, struct call *call, const struct sock_open_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_bind(struct host *h, struct call *call, const struct sock_bind_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_connect(struct host *h, struct call *call, const struct sock_connect_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_listen(struct host *h, struct call *call, const struct sock_listen_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_v1_sock_accept(struct host *h, struct call *call, const struct v1_sock_accept_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_send_to(struct host *h, struct call *call, const struct sock_send_to_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_recv_from(struct host *h, struct call *call, const struct sock_recv_from_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_v1_sock_recv_from(struct host *h, struct call *call, const struct v1_sock_recv_from_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_getsockopt(struct host *h, struct call *call, const struct sock_getsockopt_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_setsockopt(struct host *h, struct call *call, const struct sock_setsockopt_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_getlocaladdr(struct host *h, struct call *call, const struct sock_getlocaladdr_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_v1_sock_getlocaladdr(struct host *h, struct call *call, const struct v1_sock_getlocaladdr_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_getpeeraddr(struct host *h, struct call *call, const struct sock_getpeeraddr_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_v1_sock_getpeeraddr(struct host *h, struct call *call, const struct v1_sock_getpeeraddr_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}

uint32_t host_sock_getaddrinfo(struct host *h, struct call *call, const struct sock_getaddrinfo_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	return WASI_ENOSYS;
}
