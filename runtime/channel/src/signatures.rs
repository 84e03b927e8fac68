//! Whether enough of a role's keys have signed: each key counts once, however often it signed.

use crate::envelope::Envelope;
use crate::error::{ChannelError, Document, SignatureFault, Uncounted};
use crate::json::shown;
use crate::root::{Role, Root};

/// Counts the keys of a role that signed an envelope's payload. What others signed besides does no harm: a new root is
/// signed by old and new keys.
pub(crate) fn check(document: Document, envelope: &Envelope, root: &Root, role: &Role) -> Result<(), ChannelError> {
    let (mut good, mut uncounted) = (Vec::<String>::new(), Vec::new());
    for signed in &envelope.signatures {
        match fault(envelope, &signed.key, &signed.minisig, root, role) {
            None if !good.contains(&signed.key) => good.push(signed.key.clone()),
            None => {}
            Some(fault) => uncounted.push(Uncounted { key: shown(&signed.key), fault }),
        }
    }
    if good.len() >= role.threshold {
        return Ok(());
    }
    let (needed, root_version, allowed) = (role.threshold, root.version, role.keys.clone());
    Err(ChannelError::BelowThreshold { document, root_version, needed, allowed, good, uncounted })
}

fn fault(envelope: &Envelope, name: &str, minisig: &str, root: &Root, role: &Role) -> Option<SignatureFault> {
    let Some(key) = root.keys.get(name) else { return Some(SignatureFault::UnknownKey) };
    if !role.keys.iter().any(|listed| listed == name) {
        return Some(SignatureFault::NotForThis);
    }
    key.verify(envelope.payload.as_bytes(), minisig).err()
}
