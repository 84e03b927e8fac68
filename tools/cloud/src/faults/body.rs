//! An answer's body that comes through a channel, piece by piece, and may break off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// Pieces that wait to be sent; a slow reader holds its sender back.
const WAITING: usize = 2;

/// A body of pieces. Of a known length when it is said; an `Err` cuts the connection.
pub(crate) struct Piped {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    left: Option<u64>,
}

impl Piped {
    /// A body, and where its pieces are put in.
    pub(crate) fn of(length: Option<u64>) -> (Body, mpsc::Sender<io::Result<Bytes>>) {
        let (sender, pieces) = mpsc::channel(WAITING);
        (Body::new(Self { pieces, left: length }), sender)
    }
}

impl HttpBody for Piped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = std::task::ready!(self.pieces.poll_recv(cx));
        if let (Some(left), Some(Ok(piece))) = (self.left.as_mut(), &next) {
            *left = left.saturating_sub(piece.len() as u64);
        }
        // An end before the said length is a break too.
        let next = match (next, self.left) {
            (None, Some(1..)) => Some(Err(io::ErrorKind::UnexpectedEof.into())),
            (next, _) => next,
        };
        Poll::Ready(next.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }
}
