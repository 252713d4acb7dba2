//! Where a server listens.

use crate::support::http::{Reply, get, read_all, request};
use crate::support::*;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use tykmetrics_server::config::{Config, Listen};
use tykmetrics_server::{Address, StartErrorCode as Code};

fn at(host: &str, port: u16) -> Config {
    Config { listen: Listen::Tcp(host.into(), port), ..config() }
}

fn status_at(address: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request("GET", "/metrics", &[]).as_bytes()).ok()?;
    Reply::read(&read_all(&mut stream)).map(|reply| reply.status)
}

#[test]
fn port_zero_is_any_port_and_the_url_leads_there() {
    let (one, other) = (start(config(), registry()), start(config(), registry()));
    assert_ne!(port(&one), port(&other));
    assert_eq!(one.url(), format!("http://127.0.0.1:{}", port(&one)));
    assert_eq!(get(&one, "/metrics").status, 200);
}

#[test]
fn every_interface_is_ipv4_and_ipv6_and_is_warned_of() {
    let (running, told) = start_told(at("", 0), registry());
    let port = port(&running);
    assert_eq!(running.url(), format!("http://localhost:{port}"));
    assert_eq!(status_at(&format!("127.0.0.1:{port}")), Some(200));
    assert_eq!(status_at(&format!("[::1]:{port}")), Some(200));
    let told = told.all();
    assert!(told.len() == 1 && told[0].contains("anybody") && told[0].contains("auth.basic"), "{told:?}");
}

#[test]
fn loopback_is_not_warned_of_and_credentials_in_the_clear_are() {
    assert_eq!(start_told(config(), registry()).1.all(), [""; 0]);
    assert_eq!(start_told(at("::1", 0), registry()).1.all(), [""; 0]);
    let told = start_told(Config { auth: secrets(), ..at("0.0.0.0", 0) }, registry()).1.all();
    assert!(told.len() == 1 && told[0].contains("in the clear"), "{told:?}");
}

#[test]
fn ipv6_and_names_are_listened_at() {
    let six = start(at("::1", 0), registry());
    assert_eq!(six.url(), format!("http://[::1]:{}", port(&six)));
    assert_eq!(status_at(&format!("[::1]:{}", port(&six))), Some(200));
    let name = start(at("localhost", 0), registry());
    assert_eq!(name.url(), format!("http://localhost:{}", port(&name)));
    assert_eq!(status_at(&format!("localhost:{}", port(&name))), Some(200));
}

#[test]
fn what_cannot_be_listened_at_is_an_error_that_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    for (config, code, says) in [
        (at("127.0.0.1", port), Code::AddressInUse, format!("127.0.0.1:{port}")),
        // A network for documents, which no machine has (RFC 5737).
        (at("192.0.2.1", 0), Code::AddressNotAvailable, "192.0.2.1".into()),
        (at("no such host", 0), Code::InvalidAddress, "no such host".into()),
        (
            Config { listen: Listen::Unix("/no/such/folder/x.sock".into()), ..config() },
            Code::InvalidAddress,
            "folder".into(),
        ),
        (Config { listen: Listen::Unix("x".repeat(200).into()), ..config() }, Code::InvalidAddress, "107 bytes".into()),
    ] {
        let error = tykmetrics_server::start(config, registry()).expect_err("it is refused");
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(&says), "{error}");
    }
}

fn ask_unix(path: &Path) -> Option<u16> {
    let mut stream = UnixStream::connect(path).ok()?;
    stream.write_all(request("GET", "/metrics", &[]).as_bytes()).ok()?;
    Reply::read(&read_all(&mut stream)).map(|reply| reply.status)
}

#[test]
fn a_socket_file_is_its_owners_alone_and_is_gone_at_the_end() {
    let folder = Folder::new();
    let path = folder.path("metrics.sock");
    let (running, told) = start_told(Config { listen: Listen::Unix(path.clone()), ..config() }, registry());
    assert_eq!(running.address(), &Address::Unix(path.clone()));
    assert_eq!(running.url(), format!("unix:{}", path.display()));
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(ask_unix(&path), Some(200));
    assert_eq!(told.all(), [""; 0]);
    running.close();
    assert!(!path.exists());
}

#[test]
fn a_socket_file_is_replaced_only_if_nobody_listens() {
    let folder = Folder::new();
    let path = folder.path("metrics.sock");
    let config = || Config { listen: Listen::Unix(path.clone()), ..config() };

    drop(UnixListener::bind(&path).expect("one that left its file"));
    assert!(path.exists());
    let running = start(config(), registry());
    assert_eq!(ask_unix(&path), Some(200));

    let error = tykmetrics_server::start(config(), registry()).expect_err("somebody listens");
    assert_eq!(error.code(), Code::AddressInUse, "{error}");
    assert_eq!(ask_unix(&path), Some(200), "and goes on");

    // A file that another put in its place is the other's.
    std::fs::remove_file(&path).expect("removed");
    let other = UnixListener::bind(&path).expect("another server");
    running.close();
    assert!(path.exists());
    drop(other);

    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, "a letter").expect("a file");
    let error = tykmetrics_server::start(config(), registry()).expect_err("no socket");
    assert!(error.message().contains("no socket"), "{error}");
    assert_eq!(std::fs::read(&path).expect("still there"), b"a letter");
}
