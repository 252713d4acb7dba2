//! One GET at a time, each on a connection of its own: a scrape is seldom, and what is kept open may be dead.

use super::tls;
use super::url::{Place, Url};
use super::{Input, too_large, unpacked};
use crate::args::Http;
use crate::output::harmless;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// Asks one endpoint.
pub(crate) struct Client {
    url: Url,
    headers: HeaderMap,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
    size: usize,
    runtime: Runtime,
}

/// Redirects that are followed.
const REDIRECTS: usize = 3;

/// How much of an error's body is shown.
const SHOWN: usize = 200;

impl Client {
    pub(crate) fn new(http: &Http, url: &Url) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Client {
            url: url.clone(),
            headers: headers(http)?,
            tls: url.secure.then(|| tls::config(http)).transpose()?,
            timeout: http.timeout,
            size: http.max_size,
            runtime: runtime.map_err(|error| format!("no runtime can be made: {error}"))?,
        })
    }

    /// What the endpoint says.
    pub(crate) fn get(&self, accept: &'static str) -> Result<Input, String> {
        let asked = async { tokio::time::timeout(self.timeout, self.ask(accept)).await };
        match self.runtime.block_on(asked) {
            Ok(Ok(input)) => Ok(input),
            Ok(Err(why)) => Err(format!("{} {why}", self.url)),
            Err(_) => Err(format!("{} did not answer within {:?}: --timeout allows more", self.url, self.timeout)),
        }
    }

    async fn ask(&self, accept: &'static str) -> Result<Input, String> {
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            let response = self.send(&url, accept).await?;
            let status = response.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                let location = text(response.headers(), header::LOCATION).unwrap_or_default();
                let Some(other) = url.redirected(&location) else {
                    return Err(format!("leads to {}: ask there, if that is meant", harmless(&location)));
                };
                url = other;
                continue;
            }
            return self.answer(response).await;
        }
        Err(format!("leads on and on, more than {REDIRECTS} times"))
    }

    async fn send(&self, url: &Url, accept: &'static str) -> Result<Response<Incoming>, String> {
        let failed = |error: io::Error| format!("cannot be reached: {error}");
        match &url.place {
            Place::Unix(path) => self.over(UnixStream::connect(path).await.map_err(failed)?, url, accept).await,
            Place::Tcp(host, port) => {
                let stream = TcpStream::connect((&**host, *port)).await.map_err(failed)?;
                let Some(tls) = &self.tls else { return self.over(stream, url, accept).await };
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| format!("has a host that TLS does not know: {host:?}"))?;
                let connected = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
                self.over(connected.map_err(|error| insecure(&error.to_string()))?, url, accept).await
            }
        }
    }

    async fn over<S>(&self, stream: S, url: &Url, accept: &'static str) -> Result<Response<Incoming>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let spoken = |error: hyper::Error| unspoken(&error);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(spoken)?;
        // It ends with the runtime, or when the server closes.
        tokio::spawn(connection);
        let mut request = Request::get(&url.target)
            .header(header::HOST, url.host())
            .header(header::ACCEPT, accept)
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(header::CONNECTION, "close")
            .header(header::USER_AGENT, concat!("tykmetrics/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|error| format!("is no address to ask at: {error}"))?;
        let seconds = HeaderValue::from_str(&self.timeout.as_secs_f64().to_string());
        if let Ok(seconds) = seconds {
            request.headers_mut().insert("x-prometheus-scrape-timeout-seconds", seconds);
        }
        request.headers_mut().extend(self.headers.clone());
        sender.send_request(request).await.map_err(spoken)
    }

    async fn answer(&self, response: Response<Incoming>) -> Result<Input, String> {
        let (parts, body) = response.into_parts();
        let bytes = self.body(body).await?;
        let bytes = unpacked(bytes, self.size)?;
        match parts.status {
            StatusCode::OK => Ok(Input { bytes, content_type: text(&parts.headers, header::CONTENT_TYPE) }),
            status => {
                let said = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).trim().to_owned();
                let hint = match status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                        " (who asks is told by --bearer, --basic or --cert)"
                    }
                    StatusCode::NOT_FOUND => " (is it another path?)",
                    _ => "",
                };
                Err(format!("answered {status}{hint}: {}", harmless(&said)))
            }
        }
    }

    async fn body(&self, mut body: Incoming) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("broke off within its answer: {error}"))?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > self.size {
                    return Err(too_large(self.size));
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(bytes)
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Why there was no answer. Only now a server that wants our certificate says so, as TLS 1.3 has it.
fn unspoken(error: &hyper::Error) -> String {
    let mut said = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    match said.contains("received fatal alert") {
        true => insecure(&said),
        false => format!("does not answer as HTTP does: {said}"),
    }
}

/// Why TLS failed, with the way out where there is one.
fn insecure(said: &str) -> String {
    let hint = match () {
        () if said.contains("UnknownIssuer") => ": give the authority that signed its certificate by --ca",
        () if said.contains("CertificateRequired") => ": it asks for a certificate of ours, by --cert and --key",
        () if said.contains("corrupt message") || said.contains("InvalidContentType") => {
            ": it may not speak TLS, then ask by http://"
        }
        () => "",
    };
    format!("cannot be trusted or does not trust us ({said}){hint}")
}

fn headers(http: &Http) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for header in &http.headers {
        let refused = || format!("--header {header:?} is none: give it as 'Name: value'");
        let (name, value) = header.split_once(':').ok_or_else(refused)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| refused())?;
        headers.append(name, HeaderValue::from_str(value.trim()).map_err(|_| refused())?);
    }
    let authorization = match (&http.bearer, &http.basic) {
        (Some(token), _) => Some(format!("Bearer {}", secret(token)?)),
        (None, Some(pair)) => {
            let pair = secret(pair)?;
            if !pair.contains(':') {
                return Err("--basic wants a name, a colon and a password".into());
            }
            Some(format!("Basic {}", base64(pair.as_bytes())))
        }
        (None, None) => None,
    };
    if let Some(value) = authorization {
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| "--bearer or --basic holds what no header can: control characters".to_owned())?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(headers)
}

/// A secret, or what the file behind an @ holds: arguments can be seen by every user of a machine.
fn secret(given: &str) -> Result<String, String> {
    match given.strip_prefix('@') {
        None => Ok(given.to_owned()),
        Some(path) => std::fs::read_to_string(path)
            .map(|held| held.trim().to_owned())
            .map_err(|error| format!("{path} cannot be read: {error}")),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(chunk.get(at).copied().unwrap_or_default()));
        let bits = a << 16 | b << 8 | c;
        let digit = move |at: usize| DIGITS[(bits >> (18 - 6 * at) & 63) as usize] as char;
        (0..4).map(move |at| if at <= chunk.len() { digit(at) } else { '=' })
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
