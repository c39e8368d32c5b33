//! Sockets by version 2 of the extension, without a crate: a client and a server in one program, over loopback, and a name that is looked up.
use std::io::{Read, Write};
use std::os::wasi::io::FromRawFd;

#[repr(C)]
struct Address {
    bytes: *const u8,
    size: u32,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn sock_open(family: u32, socktype: u32, fd: *mut u32) -> u32;
    fn sock_bind(fd: u32, address: *const Address, port: u32) -> u32;
    fn sock_listen(fd: u32, backlog: u32) -> u32;
    fn sock_accept(fd: u32, flags: u32, accepted: *mut u32) -> u32;
    fn sock_connect(fd: u32, address: *const Address, port: u32) -> u32;
    fn sock_getlocaladdr(fd: u32, address: *const Address, port: *mut u32) -> u32;
    fn sock_setsockopt(fd: u32, level: u32, name: u32, value: *const u8, size: u32) -> u32;
}

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn check(what: &str, error: u32) {
    assert!(error == 0, "{what}: errno {error}");
}

fn here() -> Address {
    Address { bytes: LOOPBACK.as_ptr(), size: 4 }
}

fn stream() -> u32 {
    let mut fd = 0;
    check("sock_open", unsafe { sock_open(1, 2, &mut fd) });
    fd
}

fn local(fd: u32) -> ([u8; 128], u32) {
    let (bytes, mut port) = ([0u8; 128], 0);
    let address = Address { bytes: bytes.as_ptr(), size: 128 };
    check("sock_getlocaladdr", unsafe { sock_getlocaladdr(fd, &address, &mut port) });
    (bytes, port)
}

fn main() {
    let (listener, client) = (stream(), stream());
    let one = 1u32.to_le_bytes();
    unsafe {
        check("sock_setsockopt", sock_setsockopt(listener, 0, 0, one.as_ptr(), 4));
        check("sock_bind", sock_bind(listener, &here(), 0));
        check("sock_listen", sock_listen(listener, 8));
    }
    let (_, port) = local(listener);
    check("sock_connect", unsafe { sock_connect(client, &here(), port) });
    let (bytes, own) = local(client);
    println!("family {} {:?}:{}", bytes[0], &bytes[2..6], own);
    let mut server = 0;
    check("sock_accept", unsafe { sock_accept(listener, 0, &mut server) });
    let mut client = unsafe { std::fs::File::from_raw_fd(client as i32) };
    let mut server = unsafe { std::fs::File::from_raw_fd(server as i32) };
    client.write_all(b"GET /rust HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut request = [0u8; 256];
    let size = server.read(&mut request).unwrap();
    println!("{}", String::from_utf8_lossy(&request[..size]).lines().next().unwrap());
    server.write_all(b"HTTP/1.0 200 OK\r\n\r\nfrom Rust\n").unwrap();
    drop(server);
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    print!("{}", response.split("\r\n\r\n").nth(1).unwrap());
}
