//! What clients are answered by: the runtime, and a session of its model for each.

use std::io::{self, Read, Write};

use dunlin::{Runtime, Session, SessionError};

use crate::line;
use crate::lines::{self, End};

/// A runtime and the name of the model that answers.
pub(crate) struct Served {
    pub(crate) runtime: Runtime,
    pub(crate) model: String,
}

impl Served {
    /// A session of the version that is active now.
    pub(crate) fn session(&self) -> Result<Session, SessionError> {
        self.runtime.session(&self.model)
    }

    /// Answers a client until it ends. Between two lines it takes the version that is active then.
    pub(crate) fn serve(&self, from: impl Read, to: impl Write, max_line_bytes: usize) -> io::Result<End> {
        let mut session: Option<Session> = None;
        lines::serve(from, to, max_line_bytes, |text| {
            let session = match &mut session {
                Some(open) => {
                    self.renew(open);
                    open
                }
                none => match self.session() {
                    Ok(opened) => none.insert(opened),
                    Err(error) => return line::refused("no_session", None, &error.to_string()),
                },
            };
            line::answer(&self.runtime, session, text)
        })
    }

    /// A version that wants other records needs another session.
    fn renew(&self, open: &mut Session) {
        let Err(error) = open.renew() else { return };
        match self.session() {
            Ok(other) => *open = other,
            Err(_) => log::warn!("{}: goes on with {}: {error}", self.model, open.model_version()),
        }
    }
}
