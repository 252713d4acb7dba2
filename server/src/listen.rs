//! Sockets to listen at. Called by `serve` before there is a thread, inside the runtime's context.
//!
//! Promised: a socket file is replaced only if nobody listens at it, is for its owner alone before anybody can connect,
//! and is removed at the end if it is still ours.

use crate::config::Listen;
use crate::error::{StartError, StartErrorCode as Code};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, TcpSocket, UnixListener, UnixSocket};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address and the port that was given.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Sockets that listen: one for each address of a name, or a file.
pub(crate) enum Listeners {
    Tcp(Vec<TcpListener>),
    Unix { listener: UnixListener, _file: SocketFile },
}

/// A socket's file, removed with this.
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and inode, by which it is known to be ours still.
    identity: (u64, u64),
    /// A child that was forked has a copy of this, and no say.
    process: u32,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = identity(&self.path).is_ok_and(|identity| identity == self.identity);
        if ours && self.process == std::process::id() {
            // Who removed it meanwhile wanted the same.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

impl Listeners {
    /// The numbers of the sockets.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        match self {
            Listeners::Tcp(listeners) => listeners.iter().map(AsRawFd::as_raw_fd).collect(),
            Listeners::Unix { listener, .. } => vec![listener.as_raw_fd()],
        }
    }
}

/// Listens where `listen` says.
pub(crate) fn bind(listen: &Listen) -> Result<(Listeners, Address), StartError> {
    match listen {
        Listen::Tcp(host, port) => bind_tcp(host, *port),
        Listen::Unix(path) => bind_unix(path),
    }
}

fn bind_tcp(host: &str, port: u16) -> Result<(Listeners, Address), StartError> {
    let addresses = resolve(host, port)?;
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut refused = None;
    let mut bound_port = port;
    for mut address in addresses {
        // A name's other addresses have the port that the first was given.
        address.set_port(bound_port);
        match bind_address(address) {
            Ok(listener) => {
                bound_port = listener.local_addr().map_or(port, |bound| bound.port());
                listeners.push(listener);
                if host.is_empty() {
                    // Every interface: the IPv6 socket takes IPv4 as well.
                    break;
                }
            }
            // A machine without IPv6 has names with IPv6 addresses.
            Err(error) if is_absent(&error) => refused = Some((address, error)),
            Err(error) => return Err(cannot_listen(address, &error)),
        }
    }
    let first = listeners.first().and_then(|listener| listener.local_addr().ok());
    match (first, refused) {
        (Some(address), _) => Ok((Listeners::Tcp(listeners), Address::Tcp(address))),
        (None, Some((address, error))) => Err(cannot_listen(address, &error)),
        (None, None) => Err(StartError::new(Code::InvalidAddress, format!("host {host:?} has no address"))),
    }
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, StartError> {
    if host.is_empty() {
        return Ok(vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]);
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![(ip, port).into()]);
    }
    let found = (host, port).to_socket_addrs().map_err(|error| {
        let message = format!(
            "host {host:?} cannot be looked up ({error}); listen at an IP address, a name that this machine knows, \
             or \":{port}\" for every interface"
        );
        StartError::new(Code::InvalidAddress, message)
    })?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    // What is shown as the server's address is what the most clients reach.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

fn bind_address(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of a server that ended a moment ago do not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// True if the machine does not have the address, or its kind of addresses.
fn is_absent(error: &io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own in std.
    error.kind() == ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(97)
}

fn cannot_listen(at: impl fmt::Display, error: &io::Error) -> StartError {
    let (code, way_out) = match error.kind() {
        ErrorKind::AddrInUse => (
            Code::AddressInUse,
            "another program listens there; end it or choose another port (0 for any that is free)",
        ),
        ErrorKind::AddrNotAvailable => {
            (Code::AddressNotAvailable, "the address is not of this machine; use one that is, or \":PORT\" for all")
        }
        ErrorKind::PermissionDenied => (
            Code::PermissionDenied,
            "the process may not listen there; use a port above 1023, or a folder that is its own",
        ),
        ErrorKind::NotFound => (Code::InvalidAddress, "the folder does not exist; make it first"),
        ErrorKind::InvalidInput => {
            (Code::InvalidAddress, "the path of a socket has at most 107 bytes and no zero byte; choose a shorter one")
        }
        _ if is_absent(error) => (Code::AddressNotAvailable, "this machine has no addresses of this kind"),
        _ => (Code::Platform, "the system refused"),
    };
    StartError::new(code, format!("cannot listen at {at}: {way_out} ({error})")).because(error)
}

fn bind_unix(path: &Path) -> Result<(Listeners, Address), StartError> {
    let at = Address::Unix(path.to_owned());
    make_room(path, &at)?;
    let refused = |error: io::Error| cannot_listen(&at, &error);
    let socket = UnixSocket::new_stream().map_err(refused)?;
    socket.bind(path).map_err(refused)?;
    let identity = identity(path).map_err(refused)?;
    let file = SocketFile { path: path.to_owned(), identity, process: std::process::id() };
    // Before anybody can connect: a socket that does not listen yet refuses all.
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(refused)?;
    let listener = socket.listen(BACKLOG).map_err(refused)?;
    Ok((Listeners::Unix { listener, _file: file }, at))
}

/// Removes a socket file that a server left behind, and nothing else.
fn make_room(path: &Path, at: &Address) -> Result<(), StartError> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        let message =
            format!("cannot listen at {at}: a file that is no socket is there; remove it or choose another path");
        return Err(StartError::new(Code::AddressInUse, message));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|error| cannot_listen(at, &error))
        }
        // Gone meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(cannot_listen(at, &error)),
        _ => Err(cannot_listen(at, &ErrorKind::AddrInUse.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_as_it_is_written_in_a_configuration() {
        assert_eq!(Address::Tcp(([127, 0, 0, 1], 80).into()).to_string(), "127.0.0.1:80");
        assert_eq!(Address::Tcp((Ipv6Addr::LOCALHOST, 80).into()).to_string(), "[::1]:80");
        assert_eq!(Address::Unix("/run/x.sock".into()).to_string(), "unix:/run/x.sock");
    }

    #[test]
    fn a_name_that_nobody_knows_is_an_error_that_names_it() {
        let error = resolve("no such host", 1).expect_err("a space is in no name");
        assert_eq!(error.code(), Code::InvalidAddress);
        assert!(error.message().contains("\"no such host\""), "{error}");
    }
}
