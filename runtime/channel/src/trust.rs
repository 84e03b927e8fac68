//! What a device remembers between syncs, and how a document becomes part of it.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::error::{ChannelError, Document};
use crate::root::Root;
use crate::signatures;

/// The root that a device believes and the newest channel that it has seen. It is serialisable; whoever can write where it
/// is kept can make the device believe anything, so keep it where the app keeps its own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Trust {
    name: String,
    envelope: Envelope,
    root: Root,
    memory: Memory,
}

/// What is remembered besides the root itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// Latest `issued` of any root accepted.
    root_issued_us: i64,
    /// A channel signed before this is not taken: a root retired a key of the channel then.
    #[serde(default)]
    not_before_us: i64,
    /// The newest channel accepted under today's keys.
    #[serde(default)]
    channel: Option<Seen>,
}

/// What is remembered of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    version: u64,
    /// SHA-256 of its payload.
    sha256: Digest,
    /// Latest `issued` of any channel accepted under today's keys.
    latest_issued_us: i64,
    expires_us: i64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    root: Envelope,
    memory: Memory,
}

impl Trust {
    /// Begins with the root that ships with the app, which is believed because the app is, and follows the channel of a
    /// name under it.
    ///
    /// # Errors
    /// [`ChannelError`] when the root is damaged or not signed by its own threshold.
    pub fn shipped(root: &[u8], name: &str) -> Result<Self, ChannelError> {
        let envelope = Envelope::parse(Document::Root, root)?;
        let root = read_root(&envelope)?;
        let memory = Memory { root_issued_us: root.issued_us, ..Memory::default() };
        Ok(Self { name: name.to_owned(), envelope, root, memory })
    }

    /// Name of the channel that is followed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The root at hand.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Version of the newest channel accepted under today's keys.
    #[must_use]
    pub fn channel_version(&self) -> Option<u64> {
        self.memory.channel.map(|seen| seen.version)
    }

    /// The latest `issued` ever accepted, µs since 1970 UTC: the device's clock is at least that late. What keys signed
    /// that are retired since is forgotten.
    #[must_use]
    pub fn latest_issued_us(&self) -> i64 {
        self.memory.root_issued_us.max(self.memory.channel.map_or(0, |seen| seen.latest_issued_us))
    }

    /// Takes the next root: exactly one version higher, signed by the thresholds of the root at hand and of itself. The
    /// root at hand, offered again, changes nothing. An expired root may be a step on the way to a newer one, so no clock
    /// is asked here; [`Trust::accept_channel`] does.
    ///
    /// # Errors
    /// [`ChannelError`]; nothing is remembered then.
    pub fn accept_root(&mut self, bytes: &[u8]) -> Result<(), ChannelError> {
        let envelope = Envelope::parse(Document::Root, bytes)?;
        let offered = Root::parse(&envelope.payload)?;
        let (held, version) = (self.root.version, offered.version);
        if version < held {
            return Err(ChannelError::Rollback { document: Document::Root, held, offered: version });
        }
        if version == held && envelope.payload == self.envelope.payload {
            return Ok(());
        }
        if held.checked_add(1).is_none_or(|next| version > next) {
            return Err(ChannelError::RootGap { held, offered: version });
        }
        signatures::check(Document::Root, &envelope, &self.root, &self.root.roles.root)?;
        if version == held {
            return Err(ChannelError::Fork { document: Document::Root, version });
        }
        signatures::check(Document::Root, &envelope, &offered, &offered.roles.root)?;
        self.adopt(envelope, offered);
        Ok(())
    }

    /// Takes the root that a newer app ships, where it is newer than the one at hand; tells whether it was. It need not be
    /// signed by the root at hand: this is the way back when the root's keys are lost.
    ///
    /// # Errors
    /// [`ChannelError`] when the root is damaged or not signed by its own threshold.
    pub fn adopt_shipped(&mut self, root: &[u8]) -> Result<bool, ChannelError> {
        let shipped = Self::shipped(root, &self.name)?;
        let is_newer = shipped.root.version > self.root.version;
        if is_newer {
            self.adopt(shipped.envelope, shipped.root);
        }
        Ok(is_newer)
    }

    /// Takes a channel: signed by the threshold of the root at hand, of the name that is followed, not older than the one
    /// accepted before, no second one of its version, and not expired; nor may the root be. The same one may come again.
    ///
    /// `now_us` is the device's clock, µs since 1970 UTC; the latest moment that a signed document told counts where it
    /// is later.
    ///
    /// # Errors
    /// [`ChannelError`]; nothing is remembered then.
    pub fn accept_channel(&mut self, bytes: &[u8], now_us: i64) -> Result<Channel, ChannelError> {
        let envelope = Envelope::parse(Document::Channel, bytes)?;
        let channel = Channel::parse(&envelope.payload)?;
        signatures::check(Document::Channel, &envelope, &self.root, &self.root.roles.channel)?;
        if channel.name != self.name {
            let (expected, found) = (self.name.clone(), channel.name);
            return Err(ChannelError::OtherChannel { expected, found });
        }
        let seen = self.follow(&channel, envelope.payload_digest())?;
        let offered = Self { memory: Memory { channel: Some(seen), ..self.memory }, ..self.clone() };
        offered.check_fresh(now_us)?;
        self.memory = offered.memory;
        Ok(channel)
    }

    /// Whether root and channel at hand are still believed at a moment of the device's clock. An expired one does not stop
    /// the present model; it is for health to tell.
    ///
    /// # Errors
    /// [`ChannelError::Expired`] naming which of them, since when, and what to do.
    pub fn check_fresh(&self, now_us: i64) -> Result<(), ChannelError> {
        let root = (Document::Root, self.root.version, self.root.expires_us);
        let channel = self.memory.channel.map(|seen| (Document::Channel, seen.version, seen.expires_us));
        let told_us = self.latest_issued_us();
        let (now_us, by_clock) = (now_us.max(told_us), now_us >= told_us);
        match [Some(root), channel].into_iter().flatten().find(|(_, _, expires_us)| now_us >= *expires_us) {
            Some((document, version, expires_us)) => {
                Err(ChannelError::Expired { document, version, expires_us, now_us, by_clock })
            }
            None => Ok(()),
        }
    }

    /// What would be remembered of a channel after the one seen before.
    fn follow(&self, channel: &Channel, sha256: Digest) -> Result<Seen, ChannelError> {
        let document = Document::Channel;
        let (issued_us, since_us) = (channel.issued_us, self.memory.not_before_us);
        if issued_us < since_us {
            let root_version = self.root.version;
            return Err(ChannelError::BeforeRotation { issued_us, since_us, root_version });
        }
        let (version, expires_us) = (channel.version, channel.expires_us);
        let mut latest_issued_us = issued_us;
        if let Some(seen) = self.memory.channel {
            if version < seen.version {
                return Err(ChannelError::Rollback { document, held: seen.version, offered: version });
            }
            if version == seen.version && sha256 != seen.sha256 {
                return Err(ChannelError::Fork { document, version });
            }
            latest_issued_us = latest_issued_us.max(seen.latest_issued_us);
        }
        Ok(Seen { version, sha256, latest_issued_us, expires_us })
    }

    /// Believes a root. Where it retires a key of the channel, what that key may have signed is forgotten: a thief could
    /// have signed the highest version and a moment in the far future. What was signed before is not taken afterwards.
    fn adopt(&mut self, envelope: Envelope, root: Root) {
        let stays = |key| root.keys_of(&root.roles.channel).any(|(_, new)| new.is_same(key));
        let all_stay = self.root.keys_of(&self.root.roles.channel).all(|(_, old)| stays(old));
        if !all_stay {
            self.memory.channel = None;
            self.memory.not_before_us = self.memory.not_before_us.max(root.issued_us);
        }
        self.memory.root_issued_us = self.memory.root_issued_us.max(root.issued_us);
        (self.envelope, self.root) = (envelope, root);
    }
}

fn read_root(envelope: &Envelope) -> Result<Root, ChannelError> {
    let root = Root::parse(&envelope.payload)?;
    signatures::check(Document::Root, envelope, &root, &root.roles.root)?;
    Ok(root)
}

impl TryFrom<Stored> for Trust {
    type Error = ChannelError;

    fn try_from(stored: Stored) -> Result<Self, ChannelError> {
        let root = read_root(&stored.root)?;
        Ok(Self { name: stored.name, envelope: stored.root, root, memory: stored.memory })
    }
}

impl From<Trust> for Stored {
    fn from(trust: Trust) -> Self {
        Self { name: trust.name, root: trust.envelope, memory: trust.memory }
    }
}
