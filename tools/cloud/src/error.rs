//! Why a server does not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::models::ModelsError;
use crate::store::StoreError;

/// A server that cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program has the port, or the address is not this machine's.
    #[error("cannot listen on {address}: {source}; take another port, or 0 for any free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// No token, and an address that other machines reach.
    #[error(
        "{address} is reached from other machines and there is no token; give a token, listen on 127.0.0.1, or say that \
         everybody may come in"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The data folder cannot be used.
    #[error("data folder {}: {source}", folder.display())]
    Data {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// There is no channel in the folder.
    #[error("channel {}: there is no root/1.json in it; make one with `dunlin channel init`", folder.display())]
    Channel {
        /// The folder.
        folder: PathBuf,
    },
    /// The bundles cannot be used.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// The system gives no thread.
    #[error("cannot start threads: {source}")]
    Threads {
        /// What the system says.
        source: std::io::Error,
    },
}
