//! The root: which keys there are, and who may sign what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{ChannelError, Document};
use crate::key::Key;
use crate::limits::MAX_KEYS;
use crate::payload::{self, Check};

const CHECK: Check = Check(Document::Root);

/// The keys of the channel. Root n + 1 is signed by the thresholds of root n and of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Starts at 1; each next is exactly one higher.
    pub version: u64,
    /// When it was signed, µs since 1970 UTC.
    #[serde(rename = "issued")]
    pub issued_us: i64,
    /// When the last root of a chain stops being believed, µs since 1970 UTC.
    #[serde(rename = "expires")]
    pub expires_us: i64,
    /// Public keys by name.
    pub keys: BTreeMap<String, Key>,
    /// Who may sign what.
    pub roles: Roles,
}

/// Who may sign what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// The next root.
    pub root: Role,
    /// The channel.
    pub channel: Role,
    /// Bundles that come over the channel. A bundle holds one signature, so the threshold is 1.
    pub bundle: Role,
}

/// So many of these keys must sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Names of keys.
    pub keys: Vec<String>,
    /// How many of them.
    pub threshold: usize,
}

impl Root {
    /// Reads the payload of a root and checks that it agrees with itself; trusts nobody for it.
    ///
    /// # Errors
    /// [`ChannelError`] naming the field at fault.
    pub fn parse(payload: &str) -> Result<Self, ChannelError> {
        let root: Self = payload::read(Document::Root, payload)?;
        root.check()?;
        Ok(root)
    }

    /// The payload to sign.
    #[must_use]
    pub fn to_payload(&self) -> String {
        payload::write(Document::Root, self)
    }

    /// Name and key of those that may sign bundles, in the order in which the role lists them.
    pub fn bundle_keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.keys_of(&self.roles.bundle)
    }

    pub(crate) fn keys_of<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = (&'a str, &'a Key)> {
        role.keys.iter().filter_map(|name| Some((name.as_str(), self.keys.get(name)?)))
    }

    fn check(&self) -> Result<(), ChannelError> {
        CHECK.life(self.version, self.issued_us, self.expires_us)?;
        CHECK.count("keys", self.keys.len(), MAX_KEYS)?;
        self.keys.keys().try_for_each(|name| CHECK.name("keys", name))?;
        self.check_that_keys_differ()?;
        let roles = [("root", &self.roles.root), ("channel", &self.roles.channel), ("bundle", &self.roles.bundle)];
        roles.into_iter().try_for_each(|(name, role)| self.check_role(name, role))?;
        if self.roles.bundle.threshold != 1 {
            return Err(CHECK.invalid("role `bundle`", "its threshold must be 1: a bundle holds one signature"));
        }
        Ok(())
    }

    /// One key under two names would count twice.
    fn check_that_keys_differ(&self) -> Result<(), ChannelError> {
        let keys: Vec<(&String, &Key)> = self.keys.iter().collect();
        for (index, (name, key)) in keys.iter().enumerate() {
            if let Some((other, _)) = keys[..index].iter().find(|(_, other)| other.is_same(key)) {
                return Err(CHECK.invalid(format!("key `{name}`"), format!("it is the same key as `{other}`")));
            }
        }
        Ok(())
    }

    fn check_role(&self, name: &str, role: &Role) -> Result<(), ChannelError> {
        let wrong = |problem: String| CHECK.invalid(format!("role `{name}`"), problem);
        CHECK.count("keys in a role", role.keys.len(), MAX_KEYS)?;
        for (index, key) in role.keys.iter().enumerate() {
            CHECK.name(&format!("role `{name}`"), key)?;
            if !self.keys.contains_key(key) {
                return Err(wrong(format!("there is no key `{key}`")));
            }
            if role.keys[..index].contains(key) {
                return Err(wrong(format!("key `{key}` stands there twice")));
            }
        }
        if role.threshold == 0 || role.threshold > role.keys.len() {
            return Err(wrong(format!("threshold {} of {} keys", role.threshold, role.keys.len())));
        }
        Ok(())
    }
}
