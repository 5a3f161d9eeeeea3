//! A server that nobody should reach, or that answers what it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Listens on this machine, keeps every request, and gives each the same answer. Ends with this value.
pub struct Trap {
    origin: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Trap {
    /// A server whose only purpose is to be left alone.
    pub async fn set() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await
    }

    /// A server with one answer.
    pub async fn answering(answer: &str) -> Self {
        let no_port = |error: std::io::Error| panic!("no port on this machine: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(no_port);
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let (requests, answer) = (Arc::new(Mutex::new(Vec::new())), answer.to_owned());
        let seen: Arc<Mutex<Vec<String>>> = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = vec![0; 64 * 1024];
                let length = stream.read(&mut bytes).await.unwrap_or(0);
                let request = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned();
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                // Whoever asked may be gone already.
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { origin: format!("http://{address}"), requests, task }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What came in so far: one entry a connection.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.task.abort();
    }
}
