//! Starting, serving and stopping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::control::{self, Control, UnknownPerson};
use crate::keys::Keys;
use crate::settings::Settings;
use crate::world::World;
use crate::{authorize, consent, device, discovery, par, portal, receivers, token, userinfo, vendor, wire};

/// The development identity provider.
#[derive(Debug, Clone, Copy)]
pub struct Provider;

impl Provider {
    /// Listens at a loopback address and serves until [`Running::stop`] or the drop of the returned value. Needs a
    /// tokio runtime with I/O and time.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        if !settings.address.is_loopback() {
            return Err(StartError::NotLoopback { address: settings.address.to_string() });
        }
        if let Some(subject) = &settings.automatic
            && !settings.people.iter().any(|person| person.subject == *subject)
        {
            return Err(UnknownPerson { subject: subject.clone() }.into());
        }
        let keys = tokio::task::spawn_blocking(Keys::generate);
        let keys = keys.await.map_err(|_| StartError::Keys)?.map_err(|_| StartError::Keys)?;
        let listener = TcpListener::bind(SocketAddr::new(settings.address, settings.port)).await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let world = Arc::new(World::new(settings, issuer, keys));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, world.clone(), stopped));
        Ok(Running { world, stop: Some(stop), task: Some(task) })
    }
}

/// A provider that runs. Dropping it ends it, too, without waiting.
#[derive(Debug)]
pub struct Running {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// The issuer identifier and base of all addresses: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn issuer(&self) -> &str {
        &self.world.issuer
    }

    /// A handle on the same that `/dev` offers over HTTP. It stays valid after the end.
    pub fn control(&self) -> Control {
        Control { world: self.world.clone() }
    }

    /// Ends it and every connection, and waits until the port is free.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            // It can only have ended, or panicked, which leaves as little behind.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Why a provider did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Others could reach that address.
    #[error("{address} is not a loopback address; a development provider listens at 127.0.0.1 or ::1 only")]
    NotLoopback {
        /// The address that was asked for.
        address: String,
    },
    /// The person to sign in automatically is not among the people.
    #[error(transparent)]
    UnknownPerson(#[from] UnknownPerson),
    /// No signing keys could be made.
    #[error("no signing keys could be made on this machine")]
    Keys,
    /// The port could not be listened at.
    #[error("the port can't be listened at; choose another, or 0 for a free one")]
    Listen(#[from] std::io::Error),
}

async fn serve(listener: TcpListener, world: Arc<World>, mut stopped: oneshot::Receiver<()>) {
    let router = routes().with_state(world.clone());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (world, router) = (world.clone(), router.clone());
                    connections.spawn(async move {
                        let answer = service_fn(|request| wire::answer(world.clone(), router.clone(), request));
                        // An error here is a client that went away, or an answer that was dropped on purpose.
                        let _ = hyper::server::conn::http1::Builder::new()
                            .auto_date_header(false)
                            .serve_connection(TokioIo::new(stream), answer)
                            .await;
                    });
                }
                // Too many open files, most likely: some will be closed soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    connections.shutdown().await;
}

fn routes() -> Router<Arc<World>> {
    Router::new()
        .merge(discovery::routes())
        .merge(authorize::routes())
        .merge(par::routes())
        .merge(device::routes())
        .merge(vendor::routes())
        .merge(token::routes())
        .merge(userinfo::routes())
        .merge(portal::routes())
        .merge(consent::routes())
        .merge(receivers::routes())
        .merge(control::routes())
}
