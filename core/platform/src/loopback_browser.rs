//! A desktop's browser, with the redirect back to a port of this machine (RFC 8252, section 7.3).

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pforte_host::{UserAgent, UserAgentError};

/// How long the person may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// The longest request that is read, in bytes.
const LONGEST: usize = 16 * 1024;
const PAGE: &str = "<!doctype html><meta charset=utf-8><title>Signed in</title>\
    <p>You can go back to the app now and close this page.";

/// Opens the system's browser, and waits at a loopback port for the redirect.
#[derive(Debug, Clone)]
pub struct LoopbackBrowser {
    listener: Arc<TcpListener>,
    port: u16,
}

impl LoopbackBrowser {
    /// Takes a free port. The redirect URI to configure comes with it: the port has to be known before the sign-in.
    pub fn bind() -> Result<(Self, String), UserAgentError> {
        let failed = |error: std::io::Error| UserAgentError::Failed { reason: error.to_string() };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok((Self { listener: Arc::new(listener), port }, format!("http://127.0.0.1:{port}/callback")))
    }

    /// Waits for the one request that is the redirect; everything else is answered with 404.
    fn wait(&self) -> Result<String, UserAgentError> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Some(target) = answer(stream) {
                        return Ok(format!("http://127.0.0.1:{}{target}", self.port));
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(error) => return Err(UserAgentError::Failed { reason: error.to_string() }),
            }
        }
        Err(UserAgentError::Closed)
    }
}

#[async_trait]
impl UserAgent for LoopbackBrowser {
    async fn browse(&self, url: String, _redirect_uri: String) -> Result<String, UserAgentError> {
        webbrowser::open(&url).map_err(|error| UserAgentError::NoBrowser { reason: error.to_string() })?;
        let browser = self.clone();
        let (done, waited) = std::sync::mpsc::channel();
        // A thread of its own: whoever polls this future must not be blocked for minutes.
        std::thread::spawn(move || drop(done.send(browser.wait())));
        std::future::poll_fn(move |context| match waited.try_recv() {
            Ok(result) => std::task::Poll::Ready(result),
            Err(std::sync::mpsc::TryRecvError::Empty) => {
                let waker = context.waker().clone();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(100));
                    waker.wake();
                });
                std::task::Poll::Pending
            }
            Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                std::task::Poll::Ready(Err(UserAgentError::Closed))
            }
        })
        .await
    }
}

/// Answers one request; its target where it is the redirect.
fn answer(mut stream: TcpStream) -> Option<String> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < LONGEST {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(length) => request.extend_from_slice(chunk.get(..length)?),
        }
    }
    let line = String::from_utf8_lossy(&request).lines().next()?.to_owned();
    let target = line.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    let ours = target == "/callback" || target.starts_with("/callback?");
    let (status, page) = if ours { ("200 OK", PAGE) } else { ("404 Not Found", "") };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        page.len()
    );
    // The redirect counts also where the browser is gone before it has the page.
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes())));
    ours.then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_redirect_is_taken() {
        let (browser, redirect_uri) = LoopbackBrowser::bind().unwrap();
        let port = browser.port;
        assert_eq!(redirect_uri, format!("http://127.0.0.1:{port}/callback"));
        let visitor = std::thread::spawn(move || {
            let get = |target: &str| {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                write!(stream, "GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            };
            (get("/favicon.ico"), get("/callback?code=c&state=s"))
        });
        assert_eq!(browser.wait().unwrap(), format!("http://127.0.0.1:{port}/callback?code=c&state=s"));
        let (stray, redirect) = visitor.join().unwrap();
        assert!(stray.starts_with("HTTP/1.1 404") && redirect.starts_with("HTTP/1.1 200"));
    }
}
